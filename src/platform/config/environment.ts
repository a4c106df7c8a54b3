import { Config, Environment, parseConfig } from './config.js';
import type { Facts } from './setting.js';

/** The environment of this process. Nobody else reads it. */
export function environment(): Environment {
  return process.env;
}

/** This process's configuration; log lines go to standard error, so that is the terminal which counts. */
export function loadConfig(facts: Facts = { terminal: process.stderr.isTTY }): Config {
  return parseConfig(process.env, facts);
}
