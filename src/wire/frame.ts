/**
 * Frames (RFC 6455 §5.2): reading a header, judging it, and writing one.
 *
 *     byte 0: FIN RSV1 RSV2 RSV3, opcode in 4 bits     byte 1: MASK, length in 7 bits
 *     126: 16 bits of length follow; 127: 64 bits      then the masking key, 4 bytes, where MASK is set
 *
 * Reading takes whatever can be parsed, writing emits whatever can be represented; `checkFrame` alone judges.
 */

export type Role = 'client' | 'server'

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

const names = new Map<number, string>(Object.entries(opcodes).map(([name, opcode]) => [opcode, name]))

/** `text`, `ping`, `reserved 3` */
export function opcodeName(opcode: number): string {
  return names.get(opcode) ?? `reserved ${opcode}`
}

/** Close, ping, pong, and the opcodes beside them: never in fragments, at most 125 bytes (RFC 6455 §5.5). */
export function isControl(opcode: number): boolean {
  return opcode >= 8
}

export const finBit = 0x80
export const rsv1Bit = 0x40
const rsvBits = 0x70
const maskBit = 0x80

/** The longest payload of a control frame, bytes. */
export const mostControlBytes = 125

/** The longest header: two bytes, 64 bits of length, the key. */
export const mostHeaderBytes = 14

/** The header of one frame; used again for the next, so that reading makes nothing new. */
export class FrameHeader {
  /** FIN, the reserved bits and the opcode, as they stand in the first byte. */
  first = 0
  masked = false
  lengthForm: 7 | 16 | 64 = 7
  /** Bytes of payload; beyond 2^53 not exact. */
  length = 0
  /** The masking key, four bytes, where there is one. */
  readonly key = new Uint8Array(4)
  /** How much of it is here: the first byte, the second one too, or all of it. */
  known: 1 | 2 | 'all' = 1

  get fin(): boolean {
    return (this.first & finBit) !== 0
  }

  get opcode(): number {
    return this.first & 0x0f
  }

  /**
   * Reads a header from the bytes from `start` to `end`.
   * @returns its size, or 0 where it is not complete; then what is known of it can be judged all the same
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    this.first = bytes[start] ?? 0
    this.known = end - start < 2 ? 1 : 2
    if (this.known === 1) return 0
    const second = bytes[start + 1] ?? 0
    const short = second & 0x7f
    this.masked = (second & maskBit) !== 0
    this.length = short
    this.lengthForm = short < 126 ? 7 : short === 126 ? 16 : 64
    const keyAt = start + (short < 126 ? 2 : short === 126 ? 4 : 10)
    const size = keyAt - start + (this.masked ? 4 : 0)
    if (end - start < size) return 0
    this.known = 'all'
    if (short > 125) this.length = readLength(bytes, start + 2, keyAt)
    if (this.masked) {
      const { key } = this
      key[0] = bytes[keyAt] ?? 0
      key[1] = bytes[keyAt + 1] ?? 0
      key[2] = bytes[keyAt + 2] ?? 0
      key[3] = bytes[keyAt + 3] ?? 0
    }
    return size
  }
}

/** The number below 2^63 that is nearest to it. */
const mostLength = 2 ** 63 - 2 ** 10

/** An unsigned number, network order; 2^63 or more only where its highest bit is set, however it is rounded. */
function readLength(bytes: Uint8Array, start: number, end: number): number {
  let length = 0
  for (let at = start; at < end; at += 1) length = length * 256 + (bytes[at] ?? 0)
  return (bytes[start] ?? 0) < 0x80 ? Math.min(length, mostLength) : length
}

/** A rule that the peer broke, the place that has it, and the code that our close frame answers with. */
export interface Violation {
  /** Stable, for programs. */
  readonly code: string
  readonly message: string
  readonly section: string
  readonly closeCode: number
}

/** What decides whether a frame is in its place. */
export interface FrameContext {
  /** Who reads it. */
  readonly role: Role
  /** Whether a message has begun and not ended. */
  readonly inMessage: boolean
  /** Whether permessage-deflate was agreed on, which gives RSV1 its meaning. */
  readonly compression: boolean
}

/** What is wrong with a frame, going by its header or the part of it that is here; nothing where all is well. */
export function checkFrame(header: FrameHeader, context: FrameContext): Violation | undefined {
  return checkFirst(header, context) ?? (header.known === 1 ? undefined : checkLength(header, context))
}

function checkFirst(header: FrameHeader, { inMessage, compression }: FrameContext): Violation | undefined {
  const { first, opcode } = header
  if ((first & rsvBits) !== 0) {
    const fault = checkReserved(header, compression)
    if (fault !== undefined) return fault
  }
  if (opcode > 2 && (opcode < 8 || opcode > 10)) {
    return broken('reserved-opcode', `opcode ${opcode} is reserved`, '§5.2')
  }
  if (opcode >= 8) {
    if (header.fin) return undefined
    return broken(
      'fragmented-control',
      `a ${opcodeName(opcode)} frame without FIN: control frames are never fragmented`,
      '§5.5',
    )
  }
  if (opcode === opcodes.continuation) {
    if (inMessage) return undefined
    return broken('stray-continuation', 'a continuation frame, but no message has begun', '§5.4')
  }
  if (!inMessage) return undefined
  return broken(
    'interrupted-message',
    `a new ${opcodeName(opcode)} message inside one that has not ended`,
    '§5.4',
  )
}

function checkReserved({ first, opcode }: FrameHeader, compression: boolean): Violation | undefined {
  if ((first & rsvBits) !== rsv1Bit || !compression) {
    const set = ['RSV1', 'RSV2', 'RSV3'].filter((_, index) => (first & (rsv1Bit >>> index)) !== 0).join(', ')
    return broken(
      'reserved-bits',
      `${set} set, but no extension that was agreed on gives it a meaning`,
      '§5.2',
    )
  }
  if (opcode === opcodes.text || opcode === opcodes.binary) return undefined
  const where = isControl(opcode) ? 'a control frame' : 'a frame that does not begin a message'
  return broken(
    'reserved-bits',
    `RSV1 on ${where}: only the first frame of a message says that it is compressed`,
    'RFC 7692 §6.1',
  )
}

function checkLength(header: FrameHeader, { role }: FrameContext): Violation | undefined {
  const { masked, length, lengthForm, opcode } = header
  if (masked !== (role === 'server')) {
    return masked
      ? broken('masked', 'a masked frame from a server: only clients mask', '§5.1')
      : broken('not-masked', 'a frame from a client that is not masked', '§5.1')
  }
  if (lengthForm === 7) return undefined
  if (isControl(opcode)) {
    return broken(
      'long-control',
      `a ${opcodeName(opcode)} frame of more than ${mostControlBytes} bytes`,
      '§5.5',
    )
  }
  if (header.known !== 'all') return undefined
  if (length >= 2 ** 63) return broken('impossible-length', 'a length whose highest bit is set', '§5.2')
  if (length > (lengthForm === 16 ? 125 : 65_535)) return undefined
  return broken(
    'long-length',
    `a length of ${length} in ${lengthForm} bits, not in the shortest form`,
    '§5.2',
  )
}

function broken(code: string, message: string, section: string): Violation {
  return {
    code,
    message,
    section: section.startsWith('RFC') ? section : `RFC 6455 ${section}`,
    closeCode: 1002,
  }
}

/** A frame as it is to be written, right or wrong. */
export interface FrameParts {
  readonly fin: boolean
  readonly rsv1: boolean
  readonly rsv2: boolean
  readonly rsv3: boolean
  readonly opcode: number
  readonly length: number
  readonly lengthForm: 7 | 16 | 64
  /** Four bytes. */
  readonly mask: Uint8Array | undefined
}

/** The shortest form for a length, which is the one that it has to have. */
export function lengthFormOf(length: number): 7 | 16 | 64 {
  if (length < 126) return 7
  return length < 65_536 ? 16 : 64
}

/** The first byte of a frame. */
export function firstByte({
  fin,
  rsv1,
  rsv2,
  rsv3,
  opcode,
}: Pick<FrameParts, 'fin' | 'rsv1' | 'rsv2' | 'rsv3' | 'opcode'>): number {
  return (fin ? finBit : 0) | (rsv1 ? rsv1Bit : 0) | (rsv2 ? 0x20 : 0) | (rsv3 ? 0x10 : 0) | opcode
}

/** Bytes of a header without its key: two, and the longer forms of the length. */
export function headerSizeOf(form: 7 | 16 | 64): number {
  return form === 7 ? 2 : form === 16 ? 4 : 10
}

/** Writes a header into the bytes at `at`; the answer is where its payload begins. */
export function writeHeader(
  into: Uint8Array,
  at: number,
  first: number,
  length: number,
  form: 7 | 16 | 64,
  mask: Uint8Array | undefined,
): number {
  const bit = mask === undefined ? 0 : maskBit
  into[at] = first
  let next = at + 2
  if (form === 7) into[at + 1] = bit | (length & 0x7f)
  else if (form === 16) {
    into[at + 1] = bit | 126
    into[at + 2] = length >>> 8
    into[at + 3] = length
    next = at + 4
  } else {
    into[at + 1] = bit | 127
    const high = Math.floor(length / 2 ** 32)
    for (let byte = 0; byte < 4; byte += 1) {
      into[at + 2 + byte] = high >>> (24 - 8 * byte)
      into[at + 6 + byte] = length >>> (24 - 8 * byte)
    }
    next = at + 10
  }
  if (mask === undefined) return next
  into.set(mask, next)
  return next + 4
}

/** The header of a frame. */
export function encodeFrameHeader(frame: FrameParts): Uint8Array {
  const bytes = new Uint8Array(mostHeaderBytes)
  const size = writeHeader(bytes, 0, firstByte(frame), frame.length, frame.lengthForm, frame.mask)
  return bytes.subarray(0, size)
}
