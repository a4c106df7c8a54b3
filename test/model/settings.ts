import { randomInt } from 'node:crypto';

/**
 * MODEL_SECONDS: for how long, by hand, from another seed each time; without it a fixed number of operations from one seed, so
 * that a change is judged by what it changes. MODEL_SEED: what a failure printed.
 */
export const SECONDS = Number(process.env['MODEL_SECONDS'] ?? 0);
export const SEED = Number(process.env['MODEL_SEED'] ?? (SECONDS > 0 ? randomInt(2 ** 31) : 20_261_124));

/** Tells what was done where those who run tests see it, without jest's frame around it. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);
