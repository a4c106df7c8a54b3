import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Api } from '../support/api.js';
import { draftOf, wireOf, type Draft } from './requests.js';
import { curl, send } from './send.js';
import { PATH, say, SECONDS, SEED } from './settings.js';
import { OPERATIONS } from './spec.js';
import { complaint } from './verdict.js';
import { World } from './world.js';

const STEPS = 40;
/** FUZZ_ALL: go on after a finding, and tell each kind once at the end. */
const ALL = process.env['FUZZ_ALL'] === '1';

/**
 * Requests made from the OpenAPI document: good ones, nearly good ones and hostile ones, in walks that each begin with one of
 * every resource and use what they made. No answer is a 500 or says that something is away; each has a status that the document
 * tells of, and the headers, media type and body that it tells for that status. A failing walk is shrunk to the requests that
 * it takes, and printed as lines for a shell, with seed and path to run it again: FUZZ_SEED and FUZZ_PATH.
 */
describe('requests made from the OpenAPI document', () => {
  let api: Api;
  beforeAll(async () => {
    api = await Api.start();
  });
  afterAll(() => api.close());

  it(
    'are answered as it says',
    async () => {
      const statuses = new Map<string, number>();
      const reached = new Map<string, Set<number>>();
      const findings = new Map<string, string>();
      let requests = 0;

      const step = async (draft: Draft, world: World, walk: string[]): Promise<void> => {
        const wire = wireOf(draft, world);
        walk.push(curl(api.url, wire));
        const answer = await send(api.url, wire);
        requests += 1;
        const kind = `${Math.floor(answer.status / 100)}xx`;
        statuses.set(kind, (statuses.get(kind) ?? 0) + 1);
        const { id } = draft.operation;
        reached.set(id, (reached.get(id) ?? new Set()).add(answer.status));
        const wrong = complaint(draft.operation, answer);
        if (wrong === undefined) world.learn(answer);
        else if (!ALL) throw new Error(`${id} ${wrong}\n${walk.join('\n')}`);
        else findings.set(`${id} ${wrong.replace(/:.*/s, '')}`, `${wrong}\n    ${walk.at(-1) ?? ''}`);
      };

      const walks = fc.array(
        fc.constantFrom(...OPERATIONS.map(draftOf)).chain((draft) => draft),
        { minLength: 1, maxLength: STEPS, size: 'max' },
      );
      const take = async (drafts: readonly Draft[]): Promise<void> => {
        const world = await World.make(api);
        const walk: string[] = [];
        for (const draft of drafts) await step(draft, world, walk);
      };
      // one of each first: how far the rest comes is up to the machine
      const each = fc.tuple(...OPERATIONS.map(draftOf));
      if (PATH === '') await fc.assert(fc.asyncProperty(each, take), { seed: SEED, numRuns: 2 });
      await fc.assert(fc.asyncProperty(walks, take), {
        seed: SEED,
        ...(PATH === '' ? {} : { path: PATH }),
        numRuns: 1_000_000,
        interruptAfterTimeLimit: SECONDS * 1000,
        markInterruptAsFailure: false,
      });

      const counts = [...statuses].sort().map(([kind, count]) => `${kind} ${count}`);
      const good = [...reached].filter(([, seen]) => [...seen].some((status) => status < 400)).map(([id]) => id);
      say(
        `fuzz: ${requests} requests in ${SECONDS} s from seed ${SEED}: ${counts.join(', ')}; ` +
          `${reached.size} of ${OPERATIONS.length} operations reached, ${good.length} of them with success`,
      );
      for (const [finding, text] of findings) say(`- ${finding}\n    ${text}`);
      if (SECONDS > 20)
        say(
          `  never with success: ${OPERATIONS.map(({ id }) => id)
            .filter((id) => !good.includes(id))
            .join(', ')}`,
        );
      expect([...findings.keys()]).toEqual([]);
      expect(OPERATIONS.filter(({ id }) => !reached.has(id)).map(({ id }) => id)).toEqual([]);
    },
    (SECONDS + 60) * 1000,
  );
});
