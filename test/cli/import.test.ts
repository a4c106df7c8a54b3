import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Lab } from './lab.js';

describe('vlab import', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.create();
  });
  afterAll(() => lab.stop());

  const file = async (name: string, text: string): Promise<string> => {
    const path = join(lab.folder, name);
    await writeFile(path, text);
    return path;
  };
  const GOOD = 'type,name,cidr,pool\r\npool,hand,,\r\nsubnet,s,10.1.0.0/24,hand\r\n';

  it('says what a dry run would do, then does it', async () => {
    const path = await file('good.csv', GOOD);
    const counts = `from ${path}: 1 pools, 1 subnets, 0 reservations, 0 leases.\n`;
    expect(await lab.ok('import', '--dry-run', path)).toBe(`Would be imported ${counts}`);
    expect(await lab.ok('pool', 'list')).not.toContain('hand');
    expect(await lab.ok('import', path)).toBe(`Imported ${counts}`);
    expect(await lab.ok('pool', 'list')).toContain('hand');
  });

  it('tells each bad line and exits with 1', async () => {
    const path = await file(
      'bad.csv',
      'name,address,pool,subnet\r\na,10.1.0.256,hand,10.1.0.0/24\r\nb,10.1.0.7,x,10.1.0.0\r\n',
    );
    const { code, stderr } = await lab.vlab(['import', '--type', 'leases', path]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^vlab: Nothing was imported: 2 bad lines in /);
    expect(stderr).toContain('line 2 (lease): address must be an IPv4 or IPv6 address');
    expect(stderr).toContain('line 3 (lease): pool names no pool');
  });

  it('says what is wrong before it sends anything', async () => {
    expect(await lab.vlab(['import', await file('x.txt', '')])).toMatchObject({ code: 2 });
    expect(await lab.vlab(['import', 'not-there.csv'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be read'),
    });
    expect(await lab.vlab(['import', '--url', 'http://127.0.0.1:1', await file('g.csv', GOOD)])).toMatchObject({
      code: 1,
    });
  });
});
