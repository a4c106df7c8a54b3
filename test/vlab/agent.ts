import type { DesiredState } from '../../src/contract/desired-state.js';
import type { Api } from '../support/api.js';

/** A gateway that does at once what it is told, without a kernel: it speaks to the API as the real agent does. */
export class Agent {
  /** What it says of every map. */
  verdict: 'active' | 'failed' | 'nothing' = 'active';
  private readonly stop = new AbortController();
  private readonly loop: Promise<void>;

  private constructor(
    private readonly api: Api,
    private readonly gateway: string,
    private readonly token: string,
  ) {
    this.loop = this.run();
  }

  static async start(api: Api, gateway: string): Promise<Agent> {
    return new Agent(api, gateway, await api.token({ sub: 'agent', role: 'gateway', gateway }));
  }

  private async run(): Promise<void> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const url = `${this.api.url}/gateways/${this.gateway}`;
    let after = -1;
    while (!this.isStopped()) {
      try {
        const query = after < 0 ? '' : `?after=${after}&wait=20`;
        const answer = await fetch(`${url}/desired-state${query}`, { headers, signal: this.stop.signal });
        if (answer.status !== 200) continue;
        const desired = (await answer.json()) as DesiredState;
        after = desired.generation;
        await fetch(`${url}/status`, { method: 'PUT', headers, body: JSON.stringify(this.report(desired)) });
      } catch (error) {
        if (!this.isStopped()) throw error;
      }
    }
  }

  private isStopped(): boolean {
    return this.stop.signal.aborted;
  }

  private report({ generation, maps, removing }: DesiredState): object {
    const { verdict } = this;
    const reason = verdict === 'failed' ? 'the kernel refused' : null;
    return {
      ...{ generation, mode: 'apply', gone: removing.map(({ id }) => id) },
      maps: verdict === 'nothing' ? [] : maps.map(({ id, ruleId }) => ({ id, ruleId, status: verdict, reason })),
    };
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.loop;
  }
}
