import { describe, it } from '@jest/globals';
import { whyNoNamespaces } from '../../src/demo/namespace.js';

/**
 * `describe` for tests in network namespaces. Where those cannot be made the tests fail with the reason; with
 * BERTH_TEST_NO_ROOT=1 they are left out, and one test in their place says so.
 */
export function describeInNamespaces(name: string, suite: () => void): void {
  const reason = whyNoNamespaces();
  if (reason === undefined) {
    describe(name, suite);
    return;
  }
  describe(name, () => {
    if (process.env['BERTH_TEST_NO_ROOT'] === '1') {
      it(`NOT RUN, by BERTH_TEST_NO_ROOT=1: ${reason}`, () => {
        process.stderr.write(`\n${name}: NOT RUN, by BERTH_TEST_NO_ROOT=1: ${reason}\n`);
      });
    } else {
      it('needs network namespaces', () => {
        throw new Error(`${reason}; or leave these tests out with BERTH_TEST_NO_ROOT=1`);
      });
    }
  });
}
