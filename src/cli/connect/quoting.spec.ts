import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { commandLine, usualShell } from './quoting.js';

const PUTTY = 'C:\\Program Files\\PuTTY\\putty.exe';

describe('commandLine', () => {
  it.each([
    [['plain', '-p', '50000', 'root@192.0.2.10']],
    [['a b', "it's", '$(reboot)', '`x`', 'a\\b', '"', '', '!', '*', '\n']],
  ])('is taken back apart by a POSIX shell: %j', (args) => {
    const line = commandLine('/bin/sh', ['-c', 'for word; do printf "%s\\0" "$word"; done', 'sh', ...args], 'posix');
    const words = execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' }).split('\0').slice(0, -1);
    expect(words).toEqual(args);
  });

  it.each([
    [['mstsc', '/v:192.0.2.10:50000', '/w:1920'], 'mstsc /v:192.0.2.10:50000 /w:1920'],
    [[PUTTY, '-ssh', '192.0.2.10', '-P', '50000'], `& '${PUTTY}' -ssh 192.0.2.10 -P 50000`],
    [['ssh', '-o', 'HostKeyAlias=k', '-l', "o'neil"], "ssh -o HostKeyAlias=k -l 'o''neil'"],
    [['ssh', '-l', 'a\u2019b', '$env:X;calc'], "ssh -l 'a\u2019\u2019b' '$env:X;calc'"],
    [['x', '-a.b', '-v:1', '@(1)', '', '50%'], "x '-a.b' '-v:1' '@(1)' '' '50%'"],
    [['mstsc', '/v:[2001:db8::1]:50000'], "mstsc '/v:[2001:db8::1]:50000'"],
  ])('for PowerShell: %j', ([file = '', ...args], line) => {
    expect(commandLine(file, args, 'powershell')).toBe(line);
  });

  it.each([
    [['mstsc', '/v:192.0.2.10:50000'], 'mstsc /v:192.0.2.10:50000'],
    [[PUTTY, '-ssh', 'a b\\'], `"${PUTTY}" -ssh "a b\\\\"`],
    [['x', '%PATH%', 'a&calc', 'say "hi"'], 'x ^"^%PATH^%^" ^"a^&calc^" ^"say \\^"hi\\^"^"'],
    [['x', 'back\\"slash', '(a)', 'wow!', ''], 'x ^"back\\\\\\^"slash^" ^"^(a^)^" ^"wow^!^" ""'],
    [['C:\\a&b (x86)\\p.exe', 'https://h/?a=1&b=2'], '^"C:\\a^&b ^(x86^)\\p.exe^" ^"https://h/?a=1^&b=2^"'],
  ])('for cmd: %j', ([file = '', ...args], line) => {
    expect(commandLine(file, args, 'cmd')).toBe(line);
  });

  it('is for PowerShell on Windows unless told otherwise', () => {
    expect([usualShell('win32'), usualShell('darwin'), usualShell('linux')]).toEqual(['powershell', 'posix', 'posix']);
  });
});
