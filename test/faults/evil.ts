/** What a peer might send to whoever looks at it on a terminal: by a seed, so that every run can be repeated. */

/** Whole numbers that a seed decides, quickly. */
export interface Dice {
  /** From 0 to one less than the limit. */
  below(limit: number): number
  pick<Item>(items: readonly [Item, ...Item[]]): Item
}

/** Mulberry32. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
  return {
    below,
    pick([first, ...more]) {
      const at = below(more.length + 1)
      return at === 0 ? first : (more[at - 1] ?? first)
    },
  }
}

/** Sequences that do something on a terminal: to its title, colours, modes, screen, cursor, clipboard. */
const sequences: readonly [string, ...string[]] = [
  '\x1b]0;owned\x07',
  '\x1b]2;owned\x1b\\',
  '\x1b]8;;http://evil.test/\x1b\\click\x1b]8;;\x1b\\',
  '\x1b]52;c;ZXZpbA==\x07',
  '\x1b]1337;File=inline=1:AAAA\x07',
  '\x1b]9;4;1;50\x07',
  '\x1b]4;1;#000000\x07',
  '\x1b[2J\x1b[H',
  '\x1b[3J',
  '\x1b[A\x1b[2K',
  '\x1b[1;1H',
  '\x1b[10D',
  '\x1b[s\x1b[u',
  '\x1b7\x1b8',
  '\x1bc',
  '\x1b[!p',
  '\x1b[31;1m',
  '\x1b[8m',
  '\x1b[38:2::1:2:3m',
  '\x1b[?1049h',
  '\x1b[?25l',
  '\x1b[?7l',
  '\x1b[?1000h\x1b[?1006h',
  '\x1b[?2004h',
  '\x1b[?2004l',
  '\x1b[?2026h',
  '\x1b[200~rm -rf /\r\x1b[201~',
  '\x1b[4h',
  '\x1b[20h',
  '\x1b[1;5r',
  '\x1b[5L',
  '\x1b[5M',
  '\x1b[5P',
  '\x1b[5@',
  '\x1b[5X',
  '\x1b[5S',
  '\x1b[5T',
  '\x1b[3g',
  '\x1b[100b',
  '\x1b(0',
  '\x1b#8',
  '\x1b%@',
  '\x1bD',
  '\x1bM',
  '\x1bE',
  '\x1b=',
  '\x1b>4;1m',
  '\x1b^pm\x1b\\',
  '\x1b_Gf=100;AAAA\x1b\\',
  '\x1bXsos\x1b\\',
  '\x1bPq#0;2;0;0;0~~\x1b\\',
  '\x1bP1000p',
  '\x1b]',
  '\x1bP',
  '\x1b[',
  '\x1b',
  '\x1b\x1b',
]

/** What a terminal would answer to, as if its person had typed it. */
const questions: readonly [string, ...string[]] = [
  '\x05',
  '\x1bZ',
  '\u009a',
  '\x1b[6n',
  '\x1b[5n',
  '\x1b[?6n',
  '\x1b[c',
  '\x1b[>c',
  '\x1b[=c',
  '\x1b[>q',
  '\x1b[x',
  '\x1b[?2004$p',
  '\x1b[21t',
  '\x1b[18t',
  '\x1b[?u',
  '\x1b]10;?\x07',
  '\x1b]52;c;?\x07',
  '\x1bP$qm\x1b\\',
  '\x1bP+q544e\x1b\\',
  '\u009b6n',
]

/** Single characters that control, hide, reorder, or take another width than one thinks. */
const characters: readonly [string, ...string[]] = [
  ...([
    '\r',
    '\n',
    '\r\n',
    '\t',
    '\b',
    '\x00',
    '\x07',
    '\x0b',
    '\x0c',
    '\x0e',
    '\x0f',
    '\x18',
    '\x1a',
    '\x7f',
  ] as const),
  ...['\u0084', '\u0085', '\u008d', '\u0090', '\u0098', '\u009b', '\u009c', '\u009d', '\u009e', '\u009f'],
  ...['\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e'],
  ...['\u2066', '\u2067', '\u2068', '\u2069', '\u206a', '\u206f'],
  ...['\u200b', '\u200c', '\u200d', '\u2060', '\u2061', '\u2064', '\ufeff', '\u00ad', '\u034f', '\u180e'],
  ...['\u115f', '\u1160', '\u3164', '\uffa0', '\u17b4', '\u2800'],
  ...['\u2028', '\u2029', '\u00a0', '\u2003', '\u3000', '\u1680'],
  ...['\ufe00', '\ufe0e', '\ufe0f', '\u{e0100}', '\u{e0001}', '\u{e0041}', '\u{e007f}', '\u{1d173}'],
  ...['\ufff9', '\ufffa', '\ufffb', '\ufffc', '\ufffd', '\ufffe', '\uffff', '\u{1ffff}', '\u{10ffff}'],
  ...['\u0600', '\u06dd', '\u070f', '\u{110bd}', '\ue000', '\u{f0000}', '\u0378'],
  ...['\u0301', '\u0300', '\u0489', '\u20dd', '\u20e3', '\u0e33', '\u0e34', '\u05b0', '\u0c4d'],
  ...['\u093e', '\u0903', '\u09be', '\u1161', '\u11a8', '\ud7b0', '\u302a', '\u3099', '\uff9e'],
  ...['漢', '가', 'Ａ', '\ua000', '\u{1b170}', '\u{18b00}', '\u{1f260}', '\u4dc0', '\u2630', '\u{1d300}'],
  ...['😀', '👍🏽', '\u{1f3fd}', '👩\u200d🔬', '🇦🇹', '\u{1f1e6}', '❤\ufe0f', '1\ufe0f\u20e3', '\u231a'],
  ...['é', 'Ж', '\u00a1', '\u2026', '─', '│', '←', '→', '×', '●', 'ש', 'ع', 'ﷺ', 'क', '\u0e01'],
  ...['\\', '"', "'", '\\x1b[2J', '\\u{202e}', '\\', '>', '$ ', ' '],
]

/** What is no UTF-8: bytes alone, cut, overlong, surrogates, beyond the last one. */
const invalid: readonly [string, ...string[]] = [
  '9b324a',
  '9d303b7407',
  '90',
  '85',
  '80',
  'ff',
  'fe',
  'c0',
  'c09b',
  'c19b',
  'e0809b',
  'f080809b',
  'eda080',
  'eda0bdedb880',
  'e2',
  'e280',
  'f09f98',
  'f4908080',
  'c2',
  'c21b5b324a',
  'e21b5b41',
  'f8808080af',
]

const words: readonly [string, ...string[]] = [
  'hello',
  'open> ',
  'sockpit: no',
  'client  ←  4 B  read  x',
  ' ',
  'a',
]

/** Many of one: what hides, joins or is wide, piled up. */
function flood(dice: Dice): string {
  const one = dice.pick([
    '\u0301',
    '\u0e34',
    '\u200d',
    '\u202e',
    '\t',
    '\u093e',
    '\u1161',
    '\ufe0f',
    '👍🏽',
    '\u{1f1e6}',
    '漢',
    '\ua000',
    '\u20dd',
    'ﷺ',
  ])
  return dice.pick(['', 'e', '漢', '\x1b', '"', ' ']) + one.repeat(1 + dice.below(40))
}

function piece(dice: Dice): Buffer {
  switch (dice.below(10)) {
    case 0:
    case 1:
      return Buffer.from(dice.pick(sequences))
    case 2:
      return Buffer.from(dice.pick(questions))
    case 3:
    case 4:
    case 5:
      return Buffer.from(dice.pick(characters) + dice.pick(characters))
    case 6:
      return Buffer.from(dice.pick(invalid), 'hex')
    case 7:
      return Buffer.from(flood(dice))
    case 8:
      return Buffer.from(Array.from({ length: 1 + dice.below(6) }, () => dice.below(256)))
    default:
      return Buffer.from(dice.pick(words))
  }
}

/** Some bytes of a peer, no longer than that. */
export function evilBytes(dice: Dice, longest: number): Buffer {
  const whole = Buffer.concat(Array.from({ length: 1 + dice.below(6) }, () => piece(dice)))
  return whole.subarray(0, longest)
}
