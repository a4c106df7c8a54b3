import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { RestoreSession } from '../../src/gateway/firewall/iptables/session.js';
import { startTool } from '../../src/gateway/firewall/tool.js';
import { Namespace } from '../../src/demo/namespace.js';
import { desiredMap, desiredState } from './desired-states.js';
import { ControlPlane, eventually, GatewayProcess } from './lab.js';
import { describeInNamespaces } from '../support/namespace-suite.js';

const PROMPT_MS = 5_000;
const nat = (...lines: string[]): string => ['*nat', ...lines, 'COMMIT', ''].join('\n');
const rule = (port: number): string => `-A BERTH-T -p tcp -m tcp --dport ${port} -j RETURN`;

describeInNamespaces('a long-lived iptables-restore', () => {
  let namespace: Namespace;
  const sessions: RestoreSession[] = [];
  beforeEach(async () => {
    namespace = await Namespace.create('session');
  });
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
    await namespace.remove();
  });

  function open(command = 'iptables-restore', args = ['--noflush', '--verbose']): RestoreSession {
    const session = new RestoreSession(
      (tool, words) => startTool('ip', ['netns', 'exec', namespace.name, tool, ...words]),
      command,
      args,
    );
    sessions.push(session);
    return session;
  }

  const rules = async (tool = 'iptables'): Promise<string> =>
    (await namespace.run([tool, '-t', 'nat', '-S', 'BERTH-T'])).stdout;
  const pidOf = (session: RestoreSession): number => {
    const pid = [...session.pids].at(-1);
    if (pid === undefined) throw new Error('there is no child');
    return pid;
  };
  const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(status(pid));
  const status = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');

  it('applies one transaction after the other through one process, and follows what others change between them', async () => {
    const session = open();
    await session.apply('nat', nat(':BERTH-T - [0:0]', rule(1), rule(2)), PROMPT_MS);
    const pid = pidOf(session);
    await namespace.exec(['iptables', '-t', 'nat', '-F', 'BERTH-T']);
    await namespace.exec(['iptables', '-t', 'nat', ...rule(7).split(' ')]);
    await Promise.all([
      session.apply('nat', nat(`-D${rule(7).slice(2)}`, rule(3)), PROMPT_MS),
      session.apply('filter', '*filter\n-A FORWARD -j RETURN\nCOMMIT\n', PROMPT_MS),
    ]);
    expect(await rules()).toBe(`-N BERTH-T\n${rule(3)}\n`);
    expect([...session.pids]).toEqual([pid]);
  });

  it('keeps the two families apart', async () => {
    const [four, six] = [open(), open('ip6tables-restore')];
    await Promise.all([
      four.apply('nat', nat(':BERTH-T - [0:0]', rule(4)), PROMPT_MS),
      six.apply('nat', nat(':BERTH-T - [0:0]', rule(6)), PROMPT_MS),
    ]);
    expect([await rules(), await rules('ip6tables')]).toEqual([`-N BERTH-T\n${rule(4)}\n`, `-N BERTH-T\n${rule(6)}\n`]);
  });

  it('names the line that was refused, applies nothing of its table, and goes on with another process', async () => {
    const session = open();
    await session.apply('nat', nat(':BERTH-T - [0:0]', rule(1)), PROMPT_MS);
    const bad = '-D BERTH-T -p udp -j RETURN';
    await expect(session.apply('nat', nat(rule(2), bad, rule(3)), PROMPT_MS)).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringMatching(/nothing of it is applied: .*Bad rule.* \(-D BERTH-T -p udp -j RETURN\)$/),
    });
    expect(await rules()).toBe(`-N BERTH-T\n${rule(1)}\n`);
    await session.apply('nat', nat(rule(4)), PROMPT_MS);
    expect(await rules()).toBe(`-N BERTH-T\n${rule(1)}\n${rule(4)}\n`);
    await expect(session.apply('nat', nat('-X nonsense here'), PROMPT_MS)).rejects.toMatchObject({ reason: 'refused' });
  });

  it('takes nothing of a text that is cut short, and does not wait for the rest', async () => {
    const session = open();
    await expect(session.apply('nat', `*nat\n${rule(1)}\n`, PROMPT_MS)).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('cut short'),
    });
    await session.apply('nat', nat(':BERTH-T - [0:0]'), PROMPT_MS);
    expect(await rules()).toBe('-N BERTH-T\n');
  });

  it('outlives a child that is killed in the middle of a transaction, of which nothing is applied', async () => {
    const session = open();
    await session.apply('nat', nat(':BERTH-T - [0:0]', rule(1)), PROMPT_MS);
    const pid = pidOf(session);
    process.kill(pid, 'SIGSTOP');
    // More than the pipe takes: the child has read a part of it at most.
    const many = Array.from({ length: 20_000 }, (_, port) => rule(port + 1));
    const applying = session.apply('nat', nat(...many), PROMPT_MS);
    const failed = expect(applying).rejects.toMatchObject({
      reason: 'deadline',
      message: expect.stringContaining('ended by SIGKILL'),
    });
    process.kill(pid, 'SIGKILL');
    await failed;
    expect(await rules()).toBe(`-N BERTH-T\n${rule(1)}\n`);
    await session.apply('nat', nat(rule(2)), PROMPT_MS);
    expect(pidOf(session)).not.toBe(pid);
    expect(await rules()).toBe(`-N BERTH-T\n${rule(1)}\n${rule(2)}\n`);
  });

  it('ends a child that does not answer in time, and replaces one that is killed while idle', async () => {
    const session = open();
    await session.apply('nat', nat(':BERTH-T - [0:0]'), PROMPT_MS);
    const stuck = pidOf(session);
    process.kill(stuck, 'SIGSTOP');
    await expect(session.apply('nat', nat(rule(1)), 50)).rejects.toMatchObject({ reason: 'deadline' });
    await eventually('the child is ended', () => (isAlive(stuck) ? undefined : true));
    await session.apply('nat', nat(rule(2)), PROMPT_MS);
    const idle = pidOf(session);
    process.kill(idle, 'SIGKILL');
    await eventually('the child is ended', () => (isAlive(idle) ? undefined : true));
    // Word of its end may come a moment later than the end; what is written in between is refused, and not applied.
    await eventually('the next one takes over', () =>
      session.apply('nat', nat(rule(3)), PROMPT_MS).then(
        () => true,
        () => undefined,
      ),
    );
    expect(await rules()).toBe(`-N BERTH-T\n${rule(2)}\n${rule(3)}\n`);
  });

  it('names a tool that is missing, and one that may not', async () => {
    await expect(open('no-iptables-restore').apply('nat', nat(), PROMPT_MS)).rejects.toThrow();
    const missing = new RestoreSession(startTool, 'no-iptables-restore', []);
    await expect(missing.apply('nat', nat(), PROMPT_MS)).rejects.toMatchObject({ reason: 'missing' });
    const nobody = open('setpriv', ['--reuid', '65534', '--clear-groups', 'iptables-restore', '--noflush']);
    await expect(nobody.apply('nat', nat(rule(1)), PROMPT_MS)).rejects.toMatchObject({ reason: 'not-permitted' });
  });

  it('ends when it is closed, with what was under way applied', async () => {
    const session = open();
    const applied = session.apply('nat', nat(':BERTH-T - [0:0]', rule(1)), PROMPT_MS);
    await session.close();
    await applied;
    expect(isAlive(pidOf(session))).toBe(false);
    expect(await rules()).toBe(`-N BERTH-T\n${rule(1)}\n`);
  });

  it('leaves no child behind when the gateway is killed, and leaves the rules', async () => {
    const controlPlane = await ControlPlane.start(namespace);
    const gateway = GatewayProcess.start(namespace, controlPlane);
    const map = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.3.7', targetPort: 22 });
    const desired = desiredState(1, [map]);
    controlPlane.set(desired);
    await controlPlane.settled(desired);
    const { pid } = gateway;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
    const restore = children.find((child) => /^Name:\s+iptables-restor/m.test(status(child)));
    if (restore === undefined) throw new Error('the gateway keeps no iptables-restore');
    await gateway.end('SIGKILL');
    await eventually('the child follows', () => (isAlive(restore) ? undefined : true));
    expect(await namespace.exec(['iptables', '-t', 'nat', '-S', 'BERTH-T58'])).toContain(map.ruleId);
  });
});
