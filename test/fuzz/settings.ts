import { randomInt } from 'node:crypto';

/** FUZZ_SECONDS: for how long. Unset: a few seconds from one seed, so that a change is judged by what it changes. */
const given = process.env['FUZZ_SECONDS'];
export const SECONDS = Number(given ?? 5);

/** FUZZ_SEED and FUZZ_PATH: what a failure printed. */
export const SEED = Number(process.env['FUZZ_SEED'] ?? (given === undefined ? 20_261_124 : randomInt(2 ** 31)));
export const PATH = process.env['FUZZ_PATH'] ?? '';

/** Tells what was done where those who run tests see it, without jest's frame around it. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);
