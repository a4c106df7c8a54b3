import { ruleId } from '../../dist/src/contract/rule-id.js';
import { Reconciler } from '../../dist/src/gateway/reconciler.js';
import { timed } from '../support.mjs';

export const SIZES = (process.env.BENCH_FW_SIZES ?? '1000,10000,50000').split(',').map(Number);
export const LARGEST = Math.max(...SIZES);
export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const FIRST = 10_000;
const GATEWAY = { id: 'gw-1', name: 'bench', externalAddress: '192.0.2.1', networks: ['10.20.0.0/16'] };

export function map(connectionPort, targetPort = 80, address = `10.20.${connectionPort >> 8}.${connectionPort & 255}`) {
  const content = { protocol: 'tcp', connectionPort, address, targetPort };
  return { ...content, id: `tcp-${connectionPort}`, ruleId: ruleId(content) };
}

/** Ports that are left free, one in each 256: what is added then goes where others are already. */
const isHole = (port) => (port & 255) === 200;
/** `count` maps on the ports from 10,000 on (from 1 on for more than fit), and the free ports between them. */
export function maps(count) {
  const first = count > 55_000 ? 1 : FIRST;
  const made = [];
  const holes = [];
  for (let port = first; made.length < count; port++)
    (isHole(port) ? holes : made).push(isHole(port) ? port : map(port));
  return { maps: made, holes };
}

export const state = (generation, wanted, removing = []) => ({ gateway: GATEWAY, generation, maps: wanted, removing });

/** What the kernel is reached through; undefined when this build has no such backend. */
export async function backend(name) {
  if (name === 'iptables') {
    const { IptablesFirewall } = await import('../../dist/src/gateway/firewall/iptables/iptables.js');
    return new IptablesFirewall();
  }
  try {
    const { NftFirewall } = await import('../../dist/src/gateway/firewall/nft/nft.js');
    return new NftFirewall();
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return undefined;
  }
}

/** The real reconciler on a real kernel, with word of each commit and of each end of a pass. */
export class Engine {
  /** Transactions that were applied, and their texts. */
  writes = [];
  #generation = 0;
  #committed = () => undefined;
  #reported = () => undefined;

  constructor(firewall) {
    this.firewall = firewall;
    const apply = firewall.apply.bind(firewall);
    firewall.apply = async (family, transactions) => {
      await apply(family, transactions);
      this.writes.push(...transactions);
      this.#committed();
    };
    this.reconciler = new Reconciler({
      firewall,
      mode: 'apply',
      recheckMs: 3_600_000,
      force: true,
      log: (level, message) => level === 'error' && console.error(message),
      drifted: () => undefined,
      report: (report) => {
        const failed = report.maps.find(({ status }) => status === 'failed');
        if (failed !== undefined) throw new Error(`a map failed: ${failed.reason}`);
        if (report.maps.every(({ status }) => status === 'active')) this.#reported();
      },
    });
  }

  static async start(name) {
    const firewall = await backend(name);
    return firewall === undefined ? undefined : new Engine(firewall);
  }

  /** Milliseconds from the moment that `ask` changes what is wanted to the kernel's commit, and to the end of the pass. */
  async measure(ask) {
    const reported = new Promise((resolve) => (this.#reported = resolve));
    let commit;
    const end = timed(() => {
      commit = timed(() => {
        const committed = new Promise((resolve) => (this.#committed = resolve));
        ask();
        return committed;
      });
      return reported;
    });
    return { commit: await Promise.race([commit, end]), pass: await end };
  }

  submit(wanted) {
    return this.measure(() => this.reconciler.submit(state(++this.#generation, wanted)));
  }

  change(adds, removes = []) {
    const removing = removes.map(({ id, ruleId }) => ({ id, ruleId }));
    const generation = ++this.#generation;
    return this.measure(() => this.reconciler.change({ gateway: GATEWAY, generation, removing, adds, removes }));
  }

  async close() {
    await this.reconciler.close();
    await this.firewall.close();
  }
}
