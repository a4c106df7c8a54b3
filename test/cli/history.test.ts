import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Lab, PlayedGateway } from './lab.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.create();
  await lab.furnish();
});
afterAll(() => lab.stop());

it('vlab history tells who held an address, and who a port of a public address', async () => {
  const gateway = new PlayedGateway(lab);
  await gateway.report();
  const made = await lab.json<{ leases: { address: string }[]; portMaps: { connectionPort: number }[] }>(
    ...['create', 'x', '--name', 'web', '--port', '22', '--no-wait'],
  );
  const address = made.leases[0]?.address ?? '';
  const public_ = `192.0.2.10:${made.portMaps[0]?.connectionPort}`;
  const then = new Date().toISOString();
  await lab.ok('delete', 'x', '--name', 'web');
  await gateway.report();
  expect(await lab.ok('history', address)).toMatch(
    /^SINCE +UNTIL +OWNER +LEASE +POOL +ENDED\n\S+Z +\S+Z +root +web +\S+ +released by root: component deleted\n$/,
  );
  expect(await lab.ok('history', `${public_}/tcp`, '--at', then)).toMatch(
    new RegExp(`^SINCE .*\n\\S+Z +\\S+Z +root +${address.replaceAll('.', '\\.')}:22 +web +\\S+ +released by root: `),
  );
  expect(await lab.json('history', address, '--at', then)).toMatchObject({ history: [{ address, owner: 'root' }] });
  expect(await lab.vlab(['history', `${public_}/udp`])).toEqual({
    code: 0,
    stdout: '',
    stderr: 'Nobody, as far as you may know.\n',
  });
  expect(await lab.vlab(['history', 'web'])).toMatchObject({ code: 2 });
  expect(await lab.vlab(['history', address, '--at', then, '--from', then])).toMatchObject({ code: 2 });
});
