import { randomInt } from 'node:crypto';

/** MODEL_SECONDS: for how long, by hand; without it a fixed number of operations. MODEL_SEED: what a failure printed. */
export const SECONDS = Number(process.env['MODEL_SECONDS'] ?? 0);
export const SEED = Number(process.env['MODEL_SEED'] ?? randomInt(2 ** 31));

/** Tells what was done where those who run tests see it, without jest's frame around it. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);
