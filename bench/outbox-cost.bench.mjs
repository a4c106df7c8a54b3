import { reserveRate, warmUp } from './claims.mjs';
import { median, round, withApi, withDatabase } from './support.mjs';

const ROUNDS = 3;
const SECONDS = 4;
const without = { execArgv: ['--import', new URL('./without-outbox.mjs', import.meta.url).href] };

/** Single-address reservations with the outbox against the same without it: two API processes on one database, in turns. */
export default () =>
  withDatabase((databaseUrl) =>
    withApi(databaseUrl, (one) =>
      withApi(
        databaseUrl,
        async (other) => {
          for (const api of [one, other]) await warmUp(api, 10);
          const rounds = [];
          for (let n = 0; n < ROUNDS; n++) {
            const { rate: full } = await reserveRate(one, { seconds: SECONDS });
            const { rate: bare } = await reserveRate(other, { seconds: SECONDS });
            rounds.push({ full, bare });
          }
          const value = round(median(rounds.map(({ full, bare }) => full / bare)), 2);
          return {
            value,
            unit: 'x without outbox',
            goal: '>= 0.85',
            ok: value >= 0.85,
            perSecond: Math.round(median(rounds.map(({ full }) => full))),
            yardstick: Math.round(median(rounds.map(({ bare }) => bare))),
          };
        },
        without,
      ),
    ),
  );
