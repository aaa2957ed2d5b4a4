/** What each exit code means, for help, the manual page and the README. */
import { exitCodes } from '../exit-code.ts'
import { type Section, section, type Term, terms } from './section.ts'

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'ended as asked',
  network:
    'network: refused, reset, unreachable, name not found, address in use; or the output cannot be written',
  usage: 'usage: an option, an argument, a line of the language',
  timeout: 'a time limit',
  tls: 'TLS: no trust in the certificate, no handshake, or a stream cut short (no close_notify)',
  upgrade: 'WebSocket: the upgrade was refused or invalid',
  websocket:
    'WebSocket: ended by a broken rule, without a close frame (1006), or with a close code other than ' +
    '1000, 1001, 1005',
  expectation: 'an expectation failed: /expect, or a claim of an experiment',
  hangup: 'SIGHUP',
  interrupt: 'SIGINT (Ctrl-C): sockets closed, output flushed; a second one ends at once',
  stdoutClosed: 'standard output was closed by its reader: silent',
  terminate: 'SIGTERM',
}

/** Each code that sockpit can end with, the lowest first, and its meaning. */
export function exitCodeRows(): readonly Term[] {
  return Object.entries(meanings)
    .map(([name, meaning]) => [exitCodes[name as keyof typeof exitCodes], meaning] as const)
    .sort(([a], [b]) => a - b)
    .map(([code, meaning]) => [String(code), meaning])
}

export function exitCodeSections(): readonly Section[] {
  return [
    section(
      'Exit codes',
      terms(exitCodeRows()),
      'An error is one line on standard error that begins "sockpit: ".',
    ),
  ]
}
