import { median, round, timed, withBerth } from './support.mjs';

const ROUNDS = 61;

/** How long a /8 and an IPv6 /64 take to create, against a /24. All over HTTP, interleaved, in pools of their own. */
export default () =>
  withBerth(async ({ call }) => {
    const ranges = {
      v24: ['10.1.2.0', '10.1.2.255'],
      v8: ['10.0.0.0', '10.255.255.255'],
      v64: ['2001:db8::', '2001:db8::ffff:ffff:ffff:ffff'],
    };
    const times = { v24: [], v8: [], v64: [] };
    for (let n = 0; n < ROUNDS; n++) {
      for (const [name, [start, end]] of Object.entries(ranges)) {
        const pool = await call('POST', '/pools', { name });
        times[name].push(await timed(() => call('POST', `/pools/${pool.id}/subnets`, { start, end })));
      }
    }
    const base = median(times.v24);
    const v8 = median(times.v8) / base;
    const v64 = median(times.v64) / base;
    const value = round(Math.max(v8, v64));
    return {
      value,
      unit: 'x a /24',
      goal: '<= 1.5',
      ok: value <= 1.5,
      slash8: round(v8),
      slash64: round(v64),
      slash24Ms: round(base),
    };
  });
