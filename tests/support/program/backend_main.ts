/** An HTTP server in a process of its own, to be killed: answers its name, tells its port on standard output. @module */
const [name] = Deno.args;
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => void Deno.stdout.writeSync(new TextEncoder().encode(`${port}\n`)),
}, () => new Response(name));
