import { readFileSync } from 'node:fs';
import { CONNECTIONS, reserving, subnetOf, warmUp } from './claims.mjs';
import { load } from './load.mjs';
import { round, withBerth } from './support.mjs';

const SECONDS = Number(process.env.BENCH_MEMORY_SECONDS ?? 600);
/** MB a minute that are noise of the collector, not growth. */
const FLAT = 1;

const rssOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Least squares: MB a minute. */
function slope(points) {
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(({ minutes }) => minutes), mean(({ mb }) => mb)];
  return (
    points.reduce((sum, { minutes, mb }) => sum + (minutes - x) * (mb - y), 0) /
    points.reduce((sum, { minutes }) => sum + (minutes - x) ** 2, 0)
  );
}

/** The memory of the API under reservations for ten minutes (BENCH_MEMORY_SECONDS): its slope in the second half, its peak. */
export default () =>
  withBerth(async ({ call, url, headers, apiPid }) => {
    await warmUp({ call, url, headers });
    const subnet = await subnetOf(call, '10.128.0.0', '10.255.255.255');
    const points = [];
    const begin = Date.now();
    const timer = setInterval(() => points.push({ minutes: (Date.now() - begin) / 60_000, mb: rssOf(apiPid) }), 1_000);
    const { count } = await load({ url, headers, connections: CONNECTIONS, seconds: SECONDS, next: reserving(subnet) });
    clearInterval(timer);
    const value = round(slope(points.slice(points.length / 2)), 2);
    const peakMb = Math.round(Math.max(...points.map(({ mb }) => mb)));
    return {
      value,
      unit: 'MB/min',
      goal: `<= ${FLAT}, peak < 300 MB`,
      ok: value <= FLAT && peakMb < 300,
      peakMb,
      reservations: count,
      seconds: SECONDS,
    };
  });
