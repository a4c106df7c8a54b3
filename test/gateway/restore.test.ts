import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeInNamespaces } from '../support/namespace-suite.js';
import { desiredMap, desiredState, removed } from './desired-states.js';
import { askOnce, ControlPlane, GatewayProcess, Lab, MAIN, serve } from './lab.js';

const one = desiredMap({ protocol: 'tcp', connectionPort: 50_000, address: '10.20.0.2', targetPort: 8_000 });
const two = desiredMap({ protocol: 'tcp', connectionPort: 50_001, address: '10.20.0.3', targetPort: 8_000 });

/** All rules of the namespace: what a reboot takes. */
const EMPTY = { iptables: 'iptables -t nat -F; iptables -t nat -X; iptables -F', nft: 'nft flush ruleset' };

for (const backend of ['iptables', 'nft'] as const)
  describeInNamespaces(`rules after a boot, with ${backend}`, () => {
    let lab: Lab;
    let controlPlane: ControlPlane;
    let directory: string;
    let stateFile: string;
    beforeAll(async () => {
      lab = await Lab.create();
      controlPlane = await ControlPlane.start(lab.gateway);
      directory = await mkdtemp(join(tmpdir(), 'berth-restore-'));
      stateFile = join(directory, 'gateway.state');
      await serve(lab.one, 'tcp', 8_000, 'one');
      await serve(lab.two, 'tcp', 8_000, 'two');
    });
    afterAll(async () => {
      await lab.remove();
      await rm(directory, { recursive: true });
    });

    const start = (): GatewayProcess =>
      GatewayProcess.start(lab.gateway, controlPlane, { FIREWALL: backend, BERTH_GATEWAY_STATE: stateFile });
    const restore = (gateway = 'lab'): ReturnType<Lab['gateway']['run']> =>
      lab.gateway.run([
        ...['env', `FIREWALL=${backend}`, `BERTH_GATEWAY_STATE=${stateFile}`, `BERTH_GATEWAY=${gateway}`],
        // Nobody is there: the discard port.
        ...['BERTH_CONTROL_PLANE_URL=http://127.0.0.1:9', process.execPath, MAIN, 'gateway', 'restore'],
      ]);
    const reboot = (): Promise<string> => lab.gateway.exec(['sh', '-c', EMPTY[backend]]);
    const rules = (): Promise<string> =>
      lab.gateway.exec(
        backend === 'nft' ? ['nft', 'list', 'ruleset'] : ['sh', '-c', 'iptables-save | grep -v "^[#:]"'],
      );
    const ask = (port: number): Promise<string | undefined> => askOnce(lab.client, 'tcp', '192.0.2.1', port);

    it('does nothing before anything was applied', async () => {
      const { code, stderr, stdout } = await restore();
      expect([code, stdout + stderr]).toEqual([0, expect.stringMatching(/there is no .* yet/)]);
    });

    it('are back without the control plane, and as they were; the gateway then finds nothing to do', async () => {
      const desired = desiredState(1, [one, two]);
      controlPlane.set(desired);
      const gateway = start();
      await controlPlane.settled(desired);
      await gateway.end('SIGTERM');
      const before = await rules();
      await reboot();
      expect(await ask(50_000)).toBeUndefined();
      const { code, stdout, stderr } = await restore();
      expect([code, stdout + stderr]).toEqual([0, expect.stringMatching(/restored 2 port maps of generation 1/)]);
      expect(await rules()).toBe(before);
      expect([await ask(50_000), await ask(50_001)]).toEqual(['one hello', 'two hello']);
      const again = start();
      await controlPlane.settled(desired);
      await again.end('SIGTERM');
      expect(again.log).not.toMatch(/applying/);
    });

    it('are left alone where there are some already', async () => {
      const before = await rules();
      const { code, stdout, stderr } = await restore();
      expect([code, stdout + stderr]).toEqual([0, expect.stringMatching(/newer than any file: nothing is changed/)]);
      expect(await rules()).toBe(before);
    });

    // What follows is the same whatever writes the rules.
    if (backend === 'iptables') return;

    it('do not bring back a map that was reported gone, however the gateway ended', async () => {
      const desired = desiredState(2, [two], [removed(one)]);
      controlPlane.set(desired);
      const gateway = start();
      await controlPlane.settled(desired);
      await gateway.end('SIGKILL');
      await reboot();
      expect((await restore()).code).toBe(0);
      expect([await ask(50_000), await ask(50_001)]).toEqual([undefined, 'two hello']);
    });

    it('are not taken from a damaged file, nor from that of another gateway', async () => {
      await reboot();
      const none = await rules().catch(() => '');
      const good = await readFile(stateFile, 'utf8');
      const other = await restore('edge-9');
      await writeFile(stateFile, good.replace('"targetPort":8000', '"targetPort":8001'));
      const damaged = await restore();
      expect([other.code, damaged.code]).toEqual([1, 1]);
      expect(other.stderr).toMatch(/it is of the gateway "lab", and this one is "edge-9"/);
      expect(damaged.stderr).toMatch(/cut short or damaged/);
      expect(await rules().catch(() => '')).toBe(none);
    });

    it('do not come back once they were removed on purpose', async () => {
      const env = ['env', `BERTH_GATEWAY_STATE=${stateFile}`];
      await lab.gateway.exec([...env, process.execPath, MAIN, 'gateway', 'remove']);
      const { code, stdout, stderr } = await restore();
      expect([code, stdout + stderr]).toEqual([0, expect.stringMatching(/there is no .* yet/)]);
    });
  });
