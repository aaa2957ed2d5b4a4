import { type FrameHeader, opcodes, type Violation } from './frame.ts'

export type Direction = 'sent' | 'received'

/** Bytes to be written. They are lent: `memory` goes back to the arena once the kernel has them. */
export interface WriteOutput {
  readonly kind: 'write'
  readonly bytes: Uint8Array
  readonly memory: Buffer
}

/** A frame to be told of; its payload is borrowed until the next call. */
export interface FrameOutput {
  readonly kind: 'frame'
  readonly direction: Direction
  readonly fin: boolean
  readonly rsv1: boolean
  readonly rsv2: boolean
  readonly rsv3: boolean
  /** 0 to 15. */
  readonly opcode: number
  /** The masking key, eight hex digits, where the frame is masked. */
  readonly mask?: string
  /** Bits of the form in which the length stands. */
  readonly lengthForm: 7 | 16 | 64
  /** The length that the header declares; a frame made by hand may lie. */
  readonly length: number
  /** Payload bytes that it has. */
  readonly size: number
  /** Unmasked; of a compressed message still compressed. */
  readonly payload: Uint8Array
  /** Which reads of the connection, counted from 1, brought its first and its last byte. */
  readonly firstRead?: number
  readonly lastRead?: number
}

/** A message to be told of; its payload is borrowed until the next call. */
export interface MessageOutput {
  readonly kind: 'message'
  readonly direction: Direction
  readonly type: 'text' | 'binary'
  readonly size: number
  readonly payload: Uint8Array
  /** How many frames carried it. */
  readonly frames: number
  /** Payload bytes of these frames, where the message was compressed. */
  readonly compressedSize?: number
}

/** A rule that the peer broke. Its close code is what our close frame says; 0 where there is no WebSocket yet. */
export interface ViolationOutput extends Violation {
  readonly kind: 'violation'
}

/** A limit has acted. */
export interface LimitOutput {
  readonly kind: 'limit'
  readonly what: 'message' | 'fragments' | 'unfinished' | 'pongs'
  readonly limit: number
  readonly detail: string
}

/** A pong has come, where its frame is told, too. */
export interface PongOutput {
  readonly kind: 'pong'
  readonly payload: Uint8Array
}

/** The close handshake began: whose close frame was first. */
export interface ClosingOutput {
  readonly kind: 'closing'
  readonly by: 'us' | 'peer'
}

/** Nothing more is to be sent: TCP is to be ended (FIN) after what was written. */
export interface EndOutput {
  readonly kind: 'end'
}

/** What is to be done and told, in this order. */
export type Output =
  | WriteOutput
  | FrameOutput
  | MessageOutput
  | ViolationOutput
  | LimitOutput
  | PongOutput
  | ClosingOutput
  | EndOutput

/** What has gone one way. */
export interface Carried {
  readonly frames: number
  readonly messages: number
  /** Payload bytes of the messages. */
  readonly messageBytes: number
  /** Payload bytes of the compressed messages, and what compression made of them. */
  readonly compressed: { readonly from: number; readonly to: number }
}

export const nothingCarried: Carried = {
  frames: 0,
  messages: 0,
  messageBytes: 0,
  compressed: { from: 0, to: 0 },
}

/** Which of the things that happen anybody wants to be told of: others are not made. */
export interface Wanted {
  readonly sentFrames: boolean
  readonly receivedFrames: boolean
  readonly sentMessages: boolean
  readonly receivedMessages: boolean
}

/** FIN, the reserved bits and the opcode of a frame's first byte. */
export function bitsOf(first: number): Pick<FrameOutput, 'fin' | 'rsv1' | 'rsv2' | 'rsv3' | 'opcode'> {
  return {
    fin: (first & 0x80) !== 0,
    rsv1: (first & 0x40) !== 0,
    rsv2: (first & 0x20) !== 0,
    rsv3: (first & 0x10) !== 0,
    opcode: first & 0x0f,
  }
}

/** Tells of a frame that was read. */
export function frameOutput(
  header: FrameHeader,
  payload: Uint8Array,
  reads: { readonly firstRead: number; readonly lastRead: number },
): FrameOutput {
  const { masked, key, lengthForm, length } = header
  return {
    kind: 'frame',
    direction: 'received',
    ...bitsOf(header.first),
    ...(masked && { mask: Buffer.from(key).toString('hex') }),
    lengthForm,
    length,
    size: payload.length,
    payload,
    ...reads,
  }
}

/** Tells of a message; its payload was compressed to so many bytes, or not. */
export function messageOutput(
  direction: Direction,
  opcode: number,
  payload: Uint8Array,
  frames: number,
  compressedSize: number | undefined,
): MessageOutput {
  return {
    kind: 'message',
    direction,
    type: opcode === opcodes.text ? 'text' : 'binary',
    size: payload.length,
    payload,
    frames,
    ...(compressedSize !== undefined && { compressedSize }),
  }
}
