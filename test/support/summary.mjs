import { readFileSync } from 'node:fs';

/** Prints `N passed, N failed` from the file that `jest --json --outputFile` wrote; a file that is not there is a failure. */
const [, , file] = process.argv;
let line = '0 passed, 1 failed';
try {
  const results = JSON.parse(readFileSync(file, 'utf8'));
  // A test file that could not even be loaded has no tests that could fail: it counts as one.
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const skipped = results.numPendingTests + results.numTodoTests;
  line = `${results.numPassedTests} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
} catch (error) {
  console.error(`The tests did not run to their end: ${error.message}`);
}
console.log(line);
