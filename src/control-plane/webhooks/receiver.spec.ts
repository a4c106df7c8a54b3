import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Receiver } from './receiver.js';

const message = (url: string) => ({ url, headers: { 'webhook-id': '1' }, body: '{}' });
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

describe('Receiver', () => {
  const hosts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host);
    request.resume().on('end', () => response.writeHead(200).end('x'.repeat(1_000_000)));
  });
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('checks what a name leads to when it connects, and keeps the name for the receiver', async () => {
    const url = `http://localhost:${portOf(server)}/`;
    const strict = new Receiver(new Set(['http', 'private']), 2_000);
    expect(strict.checkedUrl(url)).toBe(url); // a name says nothing yet
    expect(await strict.send(message(url))).toMatchObject({
      delivered: false,
      error: expect.stringMatching(/loopback/),
    });
    expect(hosts).toEqual([]);
    const lab = new Receiver(new Set(['http', 'loopback']), 2_000);
    expect(await lab.send(message(url))).toMatchObject({ delivered: true, status: 200 });
    expect(hosts).toEqual([`localhost:${portOf(server)}`]);
    strict.close();
    lab.close();
  });

  it('checks addresses again that were allowed when the URL was kept', async () => {
    const strict = new Receiver(new Set(['http']), 2_000);
    const { error } = await strict.send(message(`http://127.0.0.1:${portOf(server)}/`));
    expect(error).toContain('WEBHOOKS_ALLOW');
    expect((await new Receiver(new Set(['loopback']), 2_000).send(message('http://127.0.0.1:1/'))).error).toContain(
      'http',
    );
  });

  it('gives up at the deadline', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const lab = new Receiver(new Set(['http', 'loopback']), 100);
    expect((await lab.send(message(`http://127.0.0.1:${portOf(silent)}/`))).error).toBe('no answer within 0.1 s');
    silent.closeAllConnections();
    silent.close();
  });

  it('delivers to nobody whose certificate is not good', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-webhook-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '1'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    await promisify(execFile)('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert]);
    let asked = 0;
    const secure = createSecureServer({ key: await readFile(key), cert: await readFile(cert) }, () => asked++);
    secure.listen(0, '127.0.0.1');
    await once(secure, 'listening');
    const lab = new Receiver(new Set(['loopback']), 2_000);
    const { delivered, error } = await lab.send(
      message(`https://localhost:${(secure.address() as AddressInfo).port}/`),
    );
    expect([delivered, error, asked]).toEqual([false, expect.stringContaining('self-signed'), 0]);
    secure.closeAllConnections();
    secure.close();
    await rm(folder, { recursive: true });
  });
});
