import { rmSync } from 'node:fs';
import type { DesiredState, StatusReport } from '../contract/desired-state.js';
import type { Family } from '../ip/address.js';
import { applyOnce, PlanChanged } from './apply-once.js';
import { BootKeeper } from './boot-keeper.js';
import { ControlPlaneClient } from './control-plane-client.js';
import { DnsUpdater } from './dns-update/updater.js';
import { DesiredStatePoller } from './desired-state-poller.js';
import { BACKENDS, openFirewall, whyNot } from './firewall/backends.js';
import { FirewallError, type Firewall } from './firewall/firewall.js';
import { startFlowLog } from './flow-log/flow-log.js';
import { desiredOf, type Desired } from './firewall/desired.js';
import { isEmpty } from './firewall/plan.js';
import { Scrub } from './firewall/scrub.js';
import { Watch } from './firewall/watch.js';
import { GatewayMetrics } from './metrics/gateway-metrics.js';
import { MetricsListener } from './metrics/metrics-listener.js';
import { timed } from './metrics/timed-firewall.js';
import { parted, PortRanges } from './port-ranges.js';
import { startProbes } from './probe/start.js';
import { Reconciler } from './reconciler.js';
import type { GatewaySettings, Log } from './settings.js';
import { planJson, planText } from './show-plan.js';
import { StatusReporter } from './status-reporter.js';
import { BusWaker } from './wake.js';

export type { GatewaySettings, Log } from './settings.js';

/**
 * Starts the gateway: poll the desired state -> reconcile the kernel -> report. It answers at once; the control plane,
 * the bus and the kernel may all be away and are tried again for ever. `close` stops it and leaves the rules in place.
 */
export async function runGateway(settings: GatewaySettings): Promise<{ close(): Promise<void> }> {
  const { log, mode, backend } = settings;
  const recheckMs = settings.recheckSeconds * 1_000;
  const metrics = new GatewayMetrics();
  const { firewall, endPass } = timed(openFirewall(backend), metrics);
  const reason = mode === 'apply' ? await whyNot(backend) : undefined;
  if (reason !== undefined) throw new Error(reason);
  try {
    log('info', `gateway ${settings.gateway} in ${mode} mode with ${backend}: ${await firewall.variant(4)}`);
  } catch (error) {
    if (!(error instanceof FirewallError)) throw error;
    log(mode === 'plan' ? 'warn' : 'error', error.message);
  }
  const listener =
    settings.metricsPort === undefined
      ? undefined
      : await MetricsListener.open(settings.metricsPort, () => metrics.families(), log);
  const client = new ControlPlaneClient(settings);
  // Early, since it refuses to start when the log cannot be what was asked for.
  const flowLog = mode === 'apply' ? await startFlowLog(settings, client) : undefined;
  const telling = {
    putStatus: (report: StatusReport, signal: AbortSignal) =>
      metrics.time('report', () => client.putStatus(report, signal)),
  };
  const reporter = new StatusReporter(telling, recheckMs, log);
  const ranges = new PortRanges();
  const boot = settings.stateFile === undefined ? undefined : new BootKeeper(settings.stateFile, log);
  const reconciler = new Reconciler({
    firewall,
    mode,
    recheckMs,
    force: settings.force === true,
    log,
    report: (ofParts, whole) => {
      endPass();
      metrics.passed(ofParts);
      const report = ranges.collapse(ofParts);
      reporter.observe(boot?.observe(report) ?? report, whole);
    },
    drifted: (drift) => {
      metrics.found(drift);
      reporter.find(drift);
    },
  });
  const looks =
    mode === 'apply'
      ? [
          new Watch({
            backend,
            pids: () => firewall.pids(),
            onForeign: ({ suspicion, program }) => reconciler.suspect(suspicion, program),
            log,
          }),
          new Scrub(
            () => reconciler.buckets(),
            (scope) => reconciler.suspect(scope),
          ),
        ]
      : [];
  const probes = settings.probe === undefined ? undefined : startProbes(settings.probe, client, log);
  const submit = (desired: DesiredState): void => {
    flowLog?.know(desired);
    probes?.submit(desired);
    boot?.submit(desired);
    metrics.desired(desired.generation, desired.maps.length);
    reconciler.submit(ranges.expand(desired));
  };
  const poller = new DesiredStatePoller(client, submit, log);
  const waker =
    settings.natsUrl === undefined ? undefined : new BusWaker({ url: settings.natsUrl }, () => poller.wake(), log);
  const dns = settings.dnsUpdate === undefined ? undefined : new DnsUpdater(settings.dnsUpdate, log);
  return {
    close: async () => {
      await Promise.all([
        waker?.close(),
        dns?.close(),
        poller.close(),
        probes?.close(),
        ...looks.map((look) => look.close()),
      ]);
      await reconciler.close();
      boot?.close();
      await firewall.close();
      await reporter.close();
      await flowLog?.close();
      await listener?.close();
    },
  };
}

/**
 * `berth gateway --plan`: fetches the desired state once and prints what would be done, changing nothing.
 * Exit code: 0 nothing to do, 2 there is a difference, 1 it could not be found out.
 */
export async function planOnce(settings: GatewaySettings, print: (text: string) => void): Promise<number> {
  const firewall = openFirewall(settings.backend);
  try {
    const desired = await desiredNow(settings, firewall);
    const live = await firewall.read(desired.family);
    const difference = firewall.plan(desired, live, { force: settings.force === true });
    print(settings.json === true ? planJson(difference) : planText(difference, settings.backend));
    return isEmpty(difference) ? 0 : 2;
  } catch (error) {
    settings.log('error', error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    await firewall.close();
  }
}

/**
 * `berth gateway apply --plan <hash>`: carries out the plan of this hash, as `planOnce` showed it, and prints it.
 * Exit code: 0 done, 2 it is not the plan any more and nothing was changed, 1 it could not be done.
 */
export async function applyPlanned(
  settings: GatewaySettings,
  hash: string,
  print: (text: string) => void,
): Promise<number> {
  const firewall = openFirewall(settings.backend);
  try {
    const reason = await whyNot(settings.backend);
    if (reason !== undefined) throw new Error(reason);
    const desired = await desiredNow(settings, firewall);
    const done = await applyOnce(firewall, desired, hash, settings.force === true);
    print(settings.json === true ? planJson(done) : `Done: ${planText(done, settings.backend)}`);
    return 0;
  } catch (error) {
    settings.log('error', error instanceof Error ? error.message : String(error));
    return error instanceof PlanChanged ? 2 : 1;
  } finally {
    await firewall.close();
  }
}

async function desiredNow(settings: GatewaySettings, firewall: Firewall): Promise<Desired> {
  const state = await new ControlPlaneClient(settings).desiredState(undefined, 0, new AbortController().signal);
  if (state === undefined) throw new Error('the control plane has no desired state for this gateway');
  return desiredOf(parted(state), (protocol, port) => firewall.bucketOf(protocol, port));
}

/**
 * `berth gateway remove`: takes every trace of Berth out of the kernel, for every backend and both families: hooks, then
 * chains, then the connections made through them. Rules of others are untouched. Throws `FirewallError` when something is
 * left.
 */
export async function removeEverything(settings: Pick<GatewaySettings, 'log' | 'stateFile'>): Promise<void> {
  const problems: unknown[] = [];
  // Or the next boot would bring everything back.
  if (settings.stateFile !== undefined) rmSync(settings.stateFile, { force: true });
  for (const backend of BACKENDS) {
    const firewall = openFirewall(backend);
    for (const family of [4, 6] as const) {
      // What one backend cannot do keeps nobody from the rest.
      await removeFamily(firewall, family, settings.log).catch((error: unknown) => problems.push(error));
    }
    await firewall.close();
  }
  if (problems.length > 0) throw problems[0];
}

async function removeFamily(firewall: Firewall, family: Family, log: Log): Promise<void> {
  const name = `IPv${family}, ${firewall.name}`;
  let live;
  try {
    live = await firewall.read(family);
  } catch (error) {
    if (!(error instanceof FirewallError) || error.reason !== 'missing') throw error;
    log('warn', `${name}: not looked at: ${error.message}`);
    return;
  }
  const { holdsAnything, maps, journal } = firewall.view(live);
  if (!holdsAnything) {
    log('info', `${name}: there is nothing of Berth in the kernel`);
    return;
  }
  await firewall.apply(family, firewall.planRemoval(live));
  const { warning } = await firewall.flush(family, [...maps, ...journal]);
  if (warning !== null) log('warn', warning);
  if (firewall.view(await firewall.read(family)).holdsAnything) {
    throw new FirewallError(
      'refused',
      `${name}: rules of Berth are still in the kernel; is a gateway running? Stop it first`,
    );
  }
  log('info', `${name}: every rule and chain of Berth is gone`);
}
