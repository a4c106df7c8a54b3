import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { expectSoundSpaces } from '../database/spaces.js';
import { eventually } from '../support/eventually.js';
import { forget } from './agreement.js';
import { checkAnswers, storiesOf } from './answers.js';
import { Cluster } from './cluster.js';
import { Crowd } from './crowd.js';
import { generator, type Operation, type Violation } from './record.js';
import { readEvents, Replay, sameAsTold, samePast } from './replay.js';
import { say, SECONDS, SEED } from './settings.js';
import { Truth } from './truth.js';

const CLIENTS = 6;
const ROUNDS = 2;
/** Answers of a round; of every so many, a crash. */
const ANSWERS = 600;
const BETWEEN_CRASHES = 80;

describe('many clients at two processes that crash', () => {
  let cluster: Cluster;
  let crowd: Crowd;
  let asked = 0;
  let rounds = 0;
  const random = generator(SEED);

  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(() => cluster.close());

  /** Cuts connections of the database, every second or all; every other time kills a process. */
  async function crash(n: number): Promise<void> {
    if (n % 2 === 1) await cluster.kill(random(2));
    else await cluster.cut(1 + random(2));
  }

  async function round(): Promise<void> {
    crowd = new Crowd(cluster, random);
    await crowd.begin();
    const clients = Promise.all(Array.from({ length: CLIENTS }, (_, n) => crowd.client(n, ANSWERS)));
    for (let n = 0, next = BETWEEN_CRASHES; next < ANSWERS; n++) {
      const so = next;
      await eventually('answers', () => crowd.answered >= so, 60_000);
      await crash(n);
      next = crowd.answered + BETWEEN_CRASHES;
    }
    await clients;
    asked += crowd.operations.length;
    rounds++;
  }

  async function violations(): Promise<Violation[]> {
    const { url } = cluster.database;
    await expectSoundSpaces(url);
    const events = await readEvents(url);
    const [replay, stories] = [new Replay(events), storiesOf(events)];
    return [
      ...replay.violations,
      ...(await sameAsTold(url, replay)),
      ...(await samePast(url, events)),
      ...checkAnswers(crowd.operations, stories),
      ...new Truth(events, crowd.operations, stories).violations(),
    ];
  }

  /** The rule, and all that was asked of the resource. */
  function told({ rule, id }: Violation): string {
    const concerns = (operation: Operation): boolean => operation.id === id || operation.claim?.target.id === id;
    const lines = crowd.operations.filter(concerns).map((operation) => JSON.stringify(operation));
    return [`${rule} (${id})`, ...lines].join('\n    ');
  }

  it(
    'keeps every promise',
    async () => {
      const until = Date.now() + SECONDS * 1000;
      let found = 0;
      try {
        while (rounds < ROUNDS || Date.now() < until) {
          await round();
          await cluster.killAll();
          const wrong = await violations();
          found += wrong.length;
          expect(wrong.map(told)).toEqual([]);
          expect(crowd.odd).toEqual([]);
          await forget(cluster.database.url);
          await cluster.restart();
        }
      } finally {
        crowd.stop();
        say(
          `model, ${CLIENTS} clients: ${asked} requests in ${rounds} rounds, ${cluster.kills} processes killed, ` +
            `${cluster.cuts} connections cut, ${found} violations, MODEL_SEED=${SEED}`,
        );
      }
    },
    300_000 + SECONDS * 1000,
  );
});
