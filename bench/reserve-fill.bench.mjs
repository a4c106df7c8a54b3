import { address, hold, reserveRate, shuffled, subnetOf, warmUp } from './claims.mjs';
import { median, round, withBerth } from './support.mjs';

const SIZE = 65_536;
const FULL = Math.floor(SIZE * 0.9);
const HOLES = 30_000;
const ROUNDS = 3;
/** Short, so that the last tenth of a /16 is enough. */
const SECONDS = 1.5;

/** The rate of reservations in a /16 that is 90 % full, and in one with 30,000 random holes, against an empty one. */
export default () =>
  withBerth(async (berth) => {
    await warmUp(berth);
    const fresh = (name) => subnetOf(berth.call, '10.1.0.0', '10.1.255.255', name);
    const rateIn = async (subnet) => (await reserveRate(berth, { subnet, seconds: SECONDS })).rate;
    const [full, holes] = [[], []];
    for (let n = 0; n < ROUNDS; n++) {
      const numbers = shuffled(SIZE);
      const [most, holed] = [await fresh('full'), await fresh('holes')];
      const at = (number) => address(0x010000 + number);
      await hold(
        berth.call,
        most,
        Array.from({ length: FULL }, (_, number) => at(number)),
      );
      await hold(berth.call, holed, numbers.slice(HOLES).map(at));
      const empty = await rateIn(await fresh('empty'));
      full.push((await rateIn(most)) / empty);
      holes.push((await rateIn(holed)) / empty);
    }
    const value = round(Math.min(median(full), median(holes)));
    return {
      value,
      unit: 'x empty',
      goal: '>= 0.9',
      ok: value >= 0.9,
      full90: round(median(full)),
      holes30k: round(median(holes)),
    };
  });
