import http from 'node:http';
import { round, withBerth, yardstick } from './support.mjs';

const CONNECTIONS = 64;
const SECONDS = 8;

/** Single-address reservations over HTTP on one /16, 64 connections, auth and outbox on, against the bare statement. */
export default () =>
  withBerth(async ({ call, url, headers, databaseUrl }) => {
    const pool = await call('POST', '/pools', { name: 'bench' });
    const subnet = await call('POST', `/pools/${pool.id}/subnets`, { start: '10.1.0.0', end: '10.1.255.255' });
    const yard = await yardstick(databaseUrl);
    const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const { hostname, port } = new URL(url);
    const reserve = () =>
      new Promise((resolve, reject) => {
        const request = http.request(
          {
            hostname,
            port,
            agent,
            method: 'POST',
            path: `/subnets/${subnet.id}/reservations`,
            headers: { ...headers, 'content-length': 2 },
          },
          (response) => {
            response.resume();
            response.on('end', () => resolve(response.statusCode));
          },
        );
        request.on('error', reject);
        request.end('{}');
      });
    const latencies = [];
    const end = Date.now() + SECONDS * 1000;
    let done = 0;
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        while (Date.now() < end) {
          const start = process.hrtime.bigint();
          const status = await reserve();
          if (status === 409) return;
          if (status !== 201) throw new Error(`status ${status}`);
          latencies.push(Number(process.hrtime.bigint() - start) / 1e6);
          done++;
        }
      }),
    );
    agent.destroy();
    latencies.sort((a, b) => a - b);
    const at = (share) => round(latencies[Math.floor(latencies.length * share)]);
    const rate = done / SECONDS;
    const value = round(rate / yard);
    return {
      value,
      unit: 'x yardstick',
      goal: '>= 1.0',
      ok: value >= 1,
      perSecond: Math.round(rate),
      yardstick: Math.round(yard),
      p50Ms: at(0.5),
      p99Ms: at(0.99),
    };
  });
