/** The port to the log: one line of JSON per call, fields first. What it writes is redacted at the sink (adapters/log.ts). */

type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** For tests and faces that keep no log. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
