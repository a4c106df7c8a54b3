import { execFileSync, spawn } from 'node:child_process';
import { Pace } from '../dist/src/gateway/probe/pace.js';
import { Pinger } from '../dist/src/gateway/probe/pinger.js';
import { inNamespace } from './firewall/namespace.mjs';
import { run } from './firewall/tools.mjs';
import { median, round } from './support.mjs';

const RATE = 5_000;
const TIMEOUT_MS = 500;
const ROUNDS = 2;
/** 205 networks of 32 addresses answer: 6,560 of 65,536. */
const ANSWERING = Array.from({ length: 205 }, (_, n) => `10.77.${n}.0/27`);

const ALL = function* () {
  for (let a = 0; a < 256; a++) for (let b = 0; b < 256; b++) yield `10.77.${a}.${b}`;
};

/** A /16 behind a veth: a tenth of it answers, the rest is dropped without a word. */
async function lab() {
  const peer = spawn('unshare', ['-n', 'sleep', '600'], { stdio: 'ignore' });
  const inside = (args) => run('nsenter', ['-n', '-t', String(peer.pid), ...args]);
  // unshare has made the namespace once it has become sleep
  while (execFileSync('cat', [`/proc/${peer.pid}/comm`], { encoding: 'utf8' }).trim() !== 'sleep');
  await run('ip', ['link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there', 'netns', String(peer.pid)]);
  await run('ip', ['addr', 'add', '10.76.0.1/30', 'dev', 'here']);
  await run('ip', ['link', 'set', 'here', 'up']);
  await inside(['ip', 'addr', 'add', '10.76.0.2/30', 'dev', 'there']);
  await inside(['ip', 'link', 'set', 'there', 'up']);
  await run('ip', ['route', 'add', '10.77.0.0/16', 'via', '10.76.0.2']);
  await inside(['ip', 'route', 'add', 'blackhole', '10.77.0.0/16']);
  for (const network of ANSWERING) await inside(['ip', 'route', 'add', 'local', network, 'dev', 'there']);
  return { end: () => peer.kill() };
}

/** User and system time of a piece of work and of the programs it ran, in milliseconds. */
const cpu = ({ user, system }) => (user + system) / 1e3;

async function ours() {
  const pinger = new Pinger({ timeoutMs: TIMEOUT_MS, attempts: 1 }, new Pace(RATE));
  const before = process.cpuUsage();
  const start = performance.now();
  let answers = 0;
  await pinger.sweep(ALL(), (_, ping) => (answers += typeof ping === 'number' ? 1 : 0));
  const figures = { ms: performance.now() - start, cpuMs: cpu(process.cpuUsage(before)), answers };
  pinger.close();
  return figures;
}

/** fping's own CPU time, by bash's clock, which counts its children alone. */
async function fping() {
  const args = `-q -a -r 0 -b 16 -t ${TIMEOUT_MS} -i ${1_000 / RATE} -g 10.77.0.0 10.77.255.255`;
  const script = `TIMEFORMAT='%3R %3U %3S'; time fping ${args} 2>/dev/null | wc -l`;
  const child = spawn('bash', ['-c', `{ ${script}; } 2>&1`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  await new Promise((resolve) => child.on('close', resolve));
  const [answers, real, user, system] = said.trim().split(/\s+/).map(Number);
  return { ms: real * 1e3, cpuMs: (user + system) * 1e3, answers };
}

/** A /16, a tenth of it answering, at a fixed rate of packets: time against what the rate allows, and CPU against fping's. */
export default () =>
  inNamespace(import.meta.url, async () => {
    const { end } = await lab();
    const rounds = { ours: [], fping: [] };
    try {
      for (let n = 0; n < ROUNDS; n++) {
        rounds.fping.push(await fping());
        rounds.ours.push(await ours());
      }
    } finally {
      end();
    }
    const of = (who, what) => median(rounds[who].map((figures) => figures[what]));
    const time = of('ours', 'ms') / ((65_536 / RATE) * 1e3 + TIMEOUT_MS);
    const value = of('ours', 'cpuMs') / of('fping', 'cpuMs');
    return {
      value: round(value, 2),
      unit: "x fping's CPU",
      goal: '<= 2, and time <= 1.2 x what the rate allows',
      ok: value <= 2 && time <= 1.2 && of('ours', 'answers') >= 0.999 * 32 * ANSWERING.length,
      time: round(time, 2),
      rate: RATE,
      ours: rounds.ours.map(({ ms, cpuMs, answers }) => [round(ms, 0), round(cpuMs, 0), answers]),
      fping: rounds.fping.map(({ ms, cpuMs, answers }) => [round(ms, 0), round(cpuMs, 0), answers]),
    };
  });
