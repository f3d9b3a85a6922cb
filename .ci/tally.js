/** Counts what passed and what failed, from vitest's own report; a file that could not be loaded is one failure, and so is a failed check. */
import { readFileSync } from "node:fs";

const [file, testsExit, failedChecks] = process.argv.slice(2);
const report = read(file);
const unloaded = report.testResults.filter(
  ({ status, assertionResults }) => status === "failed" && !assertionResults.some(isFailed),
);
const failedTests = report.numFailedTests + unloaded.length;
// The runner may fail for something that belongs to no test, such as an error that nobody caught.
const failed = Math.max(failedTests, testsExit === "0" ? 0 : 1) + Number(failedChecks);
process.stdout.write(`\n${report.numPassedTests} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : Number(testsExit) || 1;

function isFailed({ status }) {
  return status === "failed";
}

/** Without a report nothing passed. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    process.stdout.write(`There is no report of the tests: ${error.message}\n`);
    return { testResults: [], numFailedTests: 0, numPassedTests: 0 };
  }
}
