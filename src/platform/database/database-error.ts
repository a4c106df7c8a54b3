import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';

/** What PostgreSQL said: SQLSTATE and, for a violated constraint, its name. */
export interface DatabaseError {
  code: string;
  constraint?: string;
}

/** Narrows TypeORM's untyped driver error once for everybody. */
export function databaseError(error: unknown): DatabaseError | undefined {
  const driverError: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (typeof driverError !== 'object' || driverError === null || !('code' in driverError)) return undefined;
  const { code } = driverError;
  if (typeof code !== 'string') return undefined;
  const constraint = 'constraint' in driverError ? driverError.constraint : undefined;
  return typeof constraint === 'string' ? { code, constraint } : { code };
}

/** True when the error is the violation of the named constraint. */
export function violates(error: unknown, constraint: string): boolean {
  return databaseError(error)?.constraint === constraint;
}

/** Thrown by work that met a state which another transaction is just changing: run it again. */
export class RetryTransaction extends Error {}

/** 40001 serialization failure, 40P01 deadlock: the transaction changed nothing and may simply run again. */
export function isTransient(error: unknown): boolean {
  if (error instanceof RetryTransaction) return true;
  const code = databaseError(error)?.code;
  return code === '40001' || code === '40P01';
}

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH']);

/**
 * True when the database is away, or is not able to work now: network errors, class 08, 53 (no connections, disk
 * full), 57 (shutting down, statement cancelled by time limit), 25006 (a standby), 25P03 (our transaction was idle for
 * too long), 58 (system error), 55P03 (lock not available).
 */
export function isUnavailable(error: unknown): boolean {
  const code = databaseError(error)?.code;
  if (code !== undefined) {
    return NETWORK.has(code) || /^(08|53|57|58)/.test(code) || ['25006', '25P03', '55P03'].includes(code);
  }
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  // TypeORM gave the connection up when it broke, between two statements of ours.
  if (error instanceof QueryRunnerAlreadyReleasedError) return true;
  const message = error instanceof Error ? error.message : '';
  return /Connection terminated|timeout exceeded when trying to connect|connection timeout|Client has encountered a connection error|Query read timeout|not queryable/i.test(
    message,
  );
}
