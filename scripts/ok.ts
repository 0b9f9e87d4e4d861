/**
 * Everything that CI runs, one step after another: fmt, lint, check, references, tidy, unit, contract, sim, fuzz and conformance, build, e2e.
 *
 * Prints the time of each step and, at the very end, `N passed, N failed` over all tests. Exits 1 when a step fails or a test step ran
 * no test.
 *
 * @module
 */

interface Step {
  readonly name: string;
  readonly args: readonly string[];
  /** A vitest run: its report is read and its tests are counted. */
  readonly isTest?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

const VITEST = ["run", "-A", "npm:vitest@4.1.12", "run", "--reporter=default", "--reporter=json"];

const test = (name: string, ...paths: string[]): Step => ({
  name,
  args: [...VITEST, ...paths],
  isTest: true,
});

const STEPS: readonly Step[] = [
  { name: "fmt", args: ["fmt", "--check", "--quiet"] },
  { name: "lint", args: ["lint", "--quiet"] },
  { name: "check", args: ["check", "--quiet", "src", "scripts", "tests"] },
  { name: "references", args: ["run", "-A", "scripts/gen_reference.ts", "--check"] },
  test("tidy", "tests/tidy_test.ts"),
  test("unit", "tests/unit"),
  test("contract", "tests/contract"),
  test("sim", "tests/sim"),
  test("fuzz and conformance", "tests/fuzz", "tests/conformance"),
  { name: "build", args: ["run", "-A", "scripts/build.ts"] },
  test("e2e", "tests/e2e"),
  // What the traffic goes through once more, on the poller of the other platforms.
  {
    ...test(
      "e2e on the deno poller",
      ...["address", "http", "limits", "log", "stop", "tcp"].map((name) => `tests/e2e/${name}`),
    ),
    env: { HADRO_POLLER: "deno" },
  },
];

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numTotalTests: number;
  readonly numFailedTestSuites: number;
}

if (import.meta.main) Deno.exit(await runAll());

async function runAll(): Promise<number> {
  let passed = 0;
  let failed = 0;
  const broken: string[] = [];
  for (const step of STEPS) {
    const beganMs = performance.now();
    const report = await runStep(step);
    passed += report.passed;
    failed += report.failed;
    if (!report.isGood) broken.push(step.name);
    say(
      `ok: ${report.isGood ? "PASS" : "FAIL"} ${step.name} (${
        ((performance.now() - beganMs) / 1_000).toFixed(1)
      } s)`,
    );
  }
  if (broken.length > 0) say(`ok: failed: ${broken.join(", ")}`);
  // A step without tests that failed counts as one failure, so that the closing line never looks green.
  const failures = broken.length === 0 ? 0 : Math.max(failed, 1);
  say(`${passed} passed, ${failures} failed`);
  return broken.length === 0 ? 0 : 1;
}

async function runStep(step: Step): Promise<{ passed: number; failed: number; isGood: boolean }> {
  const reportFile = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const args = step.isTest === true ? [...step.args, `--outputFile=${reportFile}`] : step.args;
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      env: { ...step.env },
      stdin: "null",
    }).spawn()
      .status;
    if (step.isTest !== true) return { passed: 0, failed: 0, isGood: success };
    const report = await readReport(reportFile);
    if (report === null || report.numTotalTests === 0) {
      say(`ok: step ${step.name} ran no test`);
      return { passed: 0, failed: 1, isGood: false };
    }
    return { passed: report.numPassedTests, failed: report.numFailedTests, isGood: success };
  } finally {
    await Deno.remove(reportFile);
  }
}

async function readReport(file: string): Promise<Report | null> {
  try {
    return JSON.parse(await Deno.readTextFile(file)) as Report;
  } catch {
    return null;
  }
}

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
