import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayMetrics } from '../../src/gateway/metrics/gateway-metrics.js';
import { MetricsListener } from '../../src/gateway/metrics/metrics-listener.js';
import { Namespace } from '../../src/demo/namespace.js';
import { describeInNamespaces } from '../support/namespace-suite.js';
import { desiredState, manyMaps, removed } from './desired-states.js';
import { ControlPlane, eventually, GatewayProcess } from './lab.js';

/** Samples by name and labels, as they are written. */
const samplesOf = (text: string): Map<string, number> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const at = line.lastIndexOf(' ');
      return line === '' || line.startsWith('#') ? [] : [[line.slice(0, at), Number(line.slice(at + 1))] as const];
    }),
  );

describe('the metrics listener', () => {
  const open = (port = 0): Promise<MetricsListener> =>
    MetricsListener.open(
      port,
      () => new GatewayMetrics().families(),
      () => undefined,
    );

  it('answers on the loopback address, to readings of its one path only', async () => {
    const listener = await open();
    const at = (path: string, init?: RequestInit): Promise<Response> =>
      fetch(`http://127.0.0.1:${listener.port}${path}`, init);
    const answer = await at('/metrics?x=1');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    expect(samplesOf(await answer.text()).get('berth_gateway_passes_total{outcome="failed"}')).toBe(0);
    const statuses = await Promise.all([at('//'), at('/'), at('/metrics', { method: 'POST' })]);
    expect(statuses.map(({ status }) => status)).toEqual([404, 404, 405]);
    expect(await (await at('/metrics', { method: 'HEAD' })).text()).toBe('');
    await listener.close();
    await expect(at('/metrics')).rejects.toThrow();
  });

  it('says which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(open(port)).rejects.toThrow(
      `metrics cannot be served on 127.0.0.1:${port} (EADDRINUSE): set BERTH_GATEWAY_METRICS_PORT to a free port`,
    );
    other.close();
  });
});

describeInNamespaces('the metrics of a gateway at work', () => {
  let namespace: Namespace;
  let controlPlane: ControlPlane;
  let gateway: GatewayProcess;
  beforeAll(async () => {
    namespace = await Namespace.create('metrics');
    controlPlane = await ControlPlane.start(namespace);
    gateway = GatewayProcess.start(namespace, controlPlane, {
      FIREWALL: 'nft',
      FIREWALL_RECHECK_SECONDS: '3600',
      BERTH_GATEWAY_METRICS_PORT: '9464',
    });
  });
  afterAll(async () => {
    await gateway.end('SIGTERM');
    await namespace.remove();
  });

  const PRINT = `fetch('http://127.0.0.1:9464/metrics').then((r) => r.text()).then((t) => process.stdout.write(t))`;
  const look = async (): Promise<Map<string, number>> =>
    samplesOf(await namespace.exec([process.execPath, '-e', PRINT]));
  const phase = (samples: Map<string, number>, name: string): number =>
    samples.get(`berth_gateway_phase_seconds_count{phase="${name}"}`) ?? 0;

  it('tell the time of each phase, passes, generations and drift', async () => {
    const [going, ...staying] = manyMaps(5);
    if (going === undefined) throw new Error('no map');
    const first = desiredState(7, [going, ...staying]);
    controlPlane.set(first);
    await controlPlane.settled(first);
    const before = await look();
    for (const name of ['read', 'plan', 'apply', 'verify', 'report'])
      expect([name, phase(before, name)]).not.toEqual([name, 0]);
    expect(before.get('berth_gateway_maps')).toBe(5);
    expect(before.get('berth_gateway_applied_generation')).toBe(7);

    const second = desiredState(9, staying, [removed(going)]);
    controlPlane.set(second);
    await controlPlane.settled(second);
    await namespace.exec(['nft', 'delete', 'element', 'ip', 'berth', 'm19', '{ tcp . 20001 }']);
    const after = await eventually('the drift to be told', async () => {
      const samples = await look();
      return samples.get('berth_gateway_drift_total{outcome="repaired"}') === 1 ? samples : undefined;
    });
    expect(phase(after, 'flush')).toBeGreaterThan(phase(before, 'flush'));
    expect(after.get('berth_gateway_desired_generation')).toBe(9);
    expect(after.get('berth_gateway_maps')).toBe(4);
    expect(after.get('berth_gateway_passes_total{outcome="failed"}')).toBe(0);
    expect(after.get('berth_gateway_last_pass_timestamp_seconds')).toBeGreaterThan(Date.now() / 1_000 - 60);
    expect(after.get('berth_gateway_phase_seconds_sum{phase="apply"}')).toBeGreaterThan(0);
    expect(after.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  it('count reports that the control plane does not take', async () => {
    controlPlane.answerWith(503);
    await namespace.exec(['nft', 'delete', 'element', 'ip', 'berth', 'm19', '{ tcp . 20002 }']);
    await eventually('a report to fail', async () =>
      ((await look()).get('berth_gateway_phase_failures_total{phase="report"}') ?? 0) > 0 ? true : undefined,
    );
    controlPlane.answerWith(200);
  });
});
