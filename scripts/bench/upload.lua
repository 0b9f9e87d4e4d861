-- A POST with a body of 1 MiB; wrk adds Content-Length.
-- Only wrk.method and wrk.body are set, no request(): wrk then builds the request once and runs no Lua per request.
wrk.method = "POST"
wrk.body = string.rep(".", 1048576)
