import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { expectSoundSpaces } from '../database/spaces.js';
import { Api, newSecret } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { expectAgreement, forget } from './agreement.js';
import { changePool, createPool, deletePool } from './pool-steps.js';
import { deleteQuota, setQuota } from './quota-steps.js';
import { changeReservation, createReservation, deleteReservation, touchLease } from './reservation-steps.js';
import { say, SECONDS, SEED } from './settings.js';
import { changeSubnet, createSubnet, deleteSubnet } from './subnet-steps.js';
import { Walk, type Step } from './walk.js';

type Operation = (walk: Walk, step: Step) => Promise<void>;
/** What happens, and how often. */
const OPERATIONS: Record<string, [weight: number, carryOut: Operation]> = {
  'create reservation': [24, createReservation],
  'delete reservation': [8, deleteReservation],
  'change reservation': [6, changeReservation],
  'touch lease': [6, touchLease],
  'create subnet': [8, createSubnet],
  'change subnet': [8, changeSubnet],
  'delete subnet': [1, deleteSubnet],
  'create pool': [3, createPool],
  'change pool': [3, changePool],
  'delete pool': [1, deletePool],
  'set quota': [2, setQuota],
  'delete quota': [2, deleteQuota],
};

const number = fc.nat(1_000_000);
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(...Object.entries(OPERATIONS).map(([what, [weight]]) => ({ weight, arbitrary: fc.constant(what) }))),
  ...{ a: number, b: number, c: number, d: number },
});
const WALKS = 8;
const START: Step[] = [
  { what: 'create pool', a: 0, b: 0, c: 0, d: 1 },
  { what: 'create pool', a: 2, b: 2, c: 1, d: 2 },
  { what: 'create subnet', a: 0, b: 8, c: 15, d: 1 },
  { what: 'create subnet', a: 1, b: 16, c: 4, d: 2 },
];

describe('one client at two processes', () => {
  let database: TestDatabase;
  let apis: [Api, Api];

  beforeAll(async () => {
    database = await createTestDatabase();
    const start = async (secret: string): Promise<Api> => Api.start({ database: database.url, secret });
    const secret = newSecret();
    apis = [await start(secret), await start(secret)];
  });
  afterAll(async () => {
    await Promise.all(apis.map((api) => api.close()));
    await database.drop();
  });

  it(
    'gets the answers of a model, and leaves what the model has',
    async () => {
      let operations = 0;
      let walks = 0;
      const walked = async (steps: readonly Step[]): Promise<void> => {
        const walk = new Walk(apis);
        try {
          for (const one of [...START, ...steps]) {
            walk.model.tick();
            await OPERATIONS[one.what]?.[1](walk, one);
          }
          await expectAgreement(walk);
          await expectSoundSpaces(database.url);
          expect(apis.map((api) => api.log)).toEqual(['', '']);
        } catch (error) {
          throw new Error(`after\n  ${walk.done.slice(-40).join('\n  ')}\n${(error as Error).message}`, {
            cause: error,
          });
        } finally {
          await forget(database.url);
          operations += walk.operations;
          walks++;
        }
      };
      // also the end of making a failure smaller
      const limits = { numRuns: SECONDS > 0 ? 1_000_000 : WALKS, interruptAfterTimeLimit: (SECONDS || 60) * 1000 };
      try {
        await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 60, maxLength: 80, size: 'max' }), walked), {
          ...{ seed: SEED, ...limits, markInterruptAsFailure: false },
        });
      } finally {
        say(`model, one client: ${operations} requests in ${walks} walks at 2 processes, MODEL_SEED=${SEED}`);
      }
    },
    120_000 + SECONDS * 1000,
  );
});
