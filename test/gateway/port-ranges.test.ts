import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MAX_SIZE } from '../../src/contract/desired-state.js';
import { ruleId } from '../../src/contract/rule-id.js';
import { describeInNamespaces } from '../support/namespace-suite.js';
import { desiredMap, desiredState } from './desired-states.js';
import { askOnce, ControlPlane, eventually, GatewayProcess, Lab, serve } from './lab.js';

for (const backend of ['iptables', 'nft'] as const) {
  describeInNamespaces(`ports in a row, with ${backend}`, () => {
    let lab: Lab;
    let controlPlane: ControlPlane;
    let gateway: GatewayProcess;
    beforeAll(async () => {
      lab = await Lab.create();
      controlPlane = await ControlPlane.start(lab.gateway);
      await serve(lab.one, 'tcp', 8_000, 'first');
      await serve(lab.one, 'tcp', 8_000 + MAX_SIZE - 1, 'last');
      gateway = GatewayProcess.start(lab.gateway, controlPlane, {
        FIREWALL: backend,
        FIREWALL_RECHECK_SECONDS: '3600',
      });
    });
    afterAll(async () => {
      await gateway.end('SIGTERM');
      await lab.remove();
    });

    const content = { protocol: 'tcp', connectionPort: 50_000, address: '10.20.0.2', targetPort: 8_000 } as const;
    const range = { ...desiredMap(content, 'range'), size: MAX_SIZE, ruleId: ruleId({ ...content, size: MAX_SIZE }) };
    const end = 50_000 + MAX_SIZE;
    const ask = (port: number): Promise<string | undefined> => askOnce(lab.client, 'tcp', '192.0.2.1', port);

    it('lead each to its own, and are one map to the control plane', async () => {
      const desired = desiredState(1, [range]);
      controlPlane.set(desired);
      await controlPlane.settled(desired);
      expect([await ask(50_000), await ask(end - 1)]).toEqual(['first hello', 'last hello']);
      expect(await ask(end)).toBeUndefined();
      const told = controlPlane.reports.flatMap(({ maps }) => maps);
      expect(told.every(({ id, ruleId: rule }) => id === 'range' && rule === range.ruleId)).toBe(true);
    });

    it('are mended where somebody took one out', async () => {
      const port = end - 1;
      const take = {
        nft: `nft delete element ip berth m${port >> 10} '{ tcp . ${port} }'`,
        iptables: `iptables -t nat -D $(iptables-save -t nat | grep -- '--dport ${port} ' | cut -c4- | tr -d '"')`,
      };
      await lab.gateway.exec(['sh', '-c', take[backend]]);
      await eventually('the repair', async () => ((await ask(port)) === 'last hello' ? true : undefined));
      const drifted = controlPlane.reports.flatMap(({ maps }) => maps).find(({ status }) => status === 'drifted');
      expect([drifted?.id, drifted?.reason]).toEqual(['range', expect.stringMatching(`^port ${port}: `)]);
      await eventually('that to be told', () => (controlPlane.standing('range') === 'active' ? true : undefined));
    });

    it('go together, and are reported gone as one', async () => {
      const { id, ruleId: rule, ...what } = range;
      const desired = desiredState(2, [], [{ id, ruleId: rule, range: what }]);
      controlPlane.set(desired);
      await controlPlane.settled(desired);
      expect(controlPlane.reports.flatMap(({ gone }) => gone)).toEqual(['range']);
      expect([await ask(50_000), await ask(end - 1)]).toEqual([undefined, undefined]);
    });
  });
}
