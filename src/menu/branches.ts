/** What the menu offers, as data: for each thing that a person may want, the command and the questions that matter. */
import { parseConnectAddress, parseListenAddress } from '../commands/address.ts'
import { parseWebSocketUrl } from '../commands/url.ts'

/** Asks for what stands on the command line beside the options. */
export interface OperandQuestion {
  readonly kind: 'operand'
  readonly message: string
  readonly initial: string
  /** @throws UsageError where the answer cannot be meant */
  check(answer: string): void
  /** The answer as operands; none where it is what the command does anyway. */
  operands(answer: string): readonly string[]
}

/** Asks for the value of an option that has choices. */
export interface ChoiceQuestion {
  readonly kind: 'choice'
  /** The option's name in its table. */
  readonly key: string
  readonly message: string
  /** What each choice does; those that are not named are not offered. The first is what happens without the option. */
  readonly choices: Readonly<Record<string, string>>
}

/** Asks for one of the experiments, or for the tour. */
export interface ExperimentQuestion {
  readonly kind: 'experiment'
  readonly message: string
}

export interface Branch {
  readonly command: string
  readonly title: string
  readonly hint: string
  readonly questions: readonly (OperandQuestion | ChoiceQuestion | ExperimentQuestion)[]
}

function listenAt(port: number): OperandQuestion {
  const initial = `127.0.0.1:${port}`
  return {
    kind: 'operand',
    message: 'Listen at [host:]port',
    initial,
    check: (answer) => void parseListenAddress(answer, undefined, port),
    operands: (answer) => (answer === initial ? [] : [answer]),
  }
}

function connectTo(message: string): OperandQuestion {
  const initial = 'localhost:9000'
  return {
    kind: 'operand',
    message,
    initial,
    check: (answer) => void parseConnectAddress(answer, undefined, undefined, 9_000),
    operands: (answer) => (answer === initial ? [] : [answer]),
  }
}

const url: OperandQuestion = {
  kind: 'operand',
  message: 'Connect to URL',
  initial: 'ws://localhost:9001/',
  check: (answer) => void parseWebSocketUrl(answer),
  operands: (answer) => (answer === url.initial ? [] : [answer]),
}

const datagramServices = {
  none: 'show what comes; you answer by hand',
  echo: 'send everything back',
  discard: 'take it and say nothing (RFC 863)',
  chargen: 'answer with characters (RFC 864)',
  daytime: 'answer with the time, in words (RFC 867)',
  time: 'answer with the time, in seconds (RFC 868)',
}

const services = {
  ...datagramServices,
  chargen: 'send characters without end (RFC 864)',
  chat: 'pass each line on to the other clients',
}

export const branches: readonly Branch[] = [
  {
    command: 'tcp-server',
    title: 'Serve TCP',
    hint: 'wait for connections: streams of bytes',
    questions: [listenAt(9_000), { kind: 'choice', key: 'service', message: 'Answer', choices: services }],
  },
  {
    command: 'tcp-client',
    title: 'Connect to TCP',
    hint: 'open a stream of bytes, and type into it',
    questions: [connectTo('Connect to host:port')],
  },
  {
    command: 'udp-server',
    title: 'Serve UDP',
    hint: 'wait for datagrams from anybody',
    questions: [
      listenAt(9_000),
      { kind: 'choice', key: 'service', message: 'Answer', choices: datagramServices },
    ],
  },
  {
    command: 'udp-client',
    title: 'Send UDP',
    hint: 'each line is a datagram; nobody says whether it arrived',
    questions: [connectTo('Send to host:port')],
  },
  {
    command: 'ws-echo',
    title: 'WebSocket echo',
    hint: 'every message goes back to who sent it',
    questions: [listenAt(9_001)],
  },
  {
    command: 'ws-client',
    title: 'WebSocket client',
    hint: 'upgrade a connection, and send messages',
    questions: [url],
  },
  {
    command: 'compare',
    title: 'Compare',
    hint: 'streams, datagrams and messages side by side',
    questions: [{ kind: 'experiment', message: 'Which experiment?' }],
  },
]
