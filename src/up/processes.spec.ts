import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { freePort, requirePort } from './port.js';
import { commandOf, listenerOn, startOf } from './processes.js';

describe('processes', () => {
  it('tells processes apart by when they started, and knows when one is gone', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000) // berth test']);
    await once(child, 'spawn');
    const pid = child.pid!;
    expect(startOf(pid)).toBeDefined();
    expect(startOf(pid)).toBe(startOf(pid));
    expect(commandOf(process.pid)).toContain('node');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(startOf(pid)).toBeUndefined();
    expect(commandOf(pid)).toBeUndefined();
  });

  it.each(['127.0.0.1', '::1'])('finds who listens on a port of %s', async (host) => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    expect(listenerOn(port)).toEqual({ pid: process.pid, command: commandOf(process.pid) });
    await expect(requirePort(host, port)).rejects.toThrow(
      `Port ${port} on ${host} is taken by process ${process.pid} (`,
    );
    expect(await freePort(port)).not.toBe(host === '127.0.0.1' ? port : 0);
    server.close();
    await once(server, 'close');
    expect(listenerOn(port)).toBeUndefined();
    await requirePort(host, port);
    expect(await freePort(port)).toBe(port);
  });

  it('says so when the host is not of this machine', async () => {
    await expect(requirePort('192.0.2.1', 8000)).rejects.toThrow('HOST=192.0.2.1 is not an address of this machine');
  });
});
