/** Everything that is fuzzed. */
import { addresses } from './addresses.ts'
import { close } from './close.ts'
import { escapes } from './escapes.ts'
import { extensions } from './extensions.ts'
import { heads } from './heads.ts'
import { inflate } from './inflate.ts'
import { language } from './language.ts'
import { quantities } from './quantities.ts'
import type { Target } from './target.ts'
import { tls } from './tls.ts'
import { urls } from './urls.ts'
import { utf8 } from './utf8.ts'
import { webSocket } from './web-socket.ts'

/** What peers send. */
export const wireTargets: readonly Target[] = [heads, extensions, utf8, close, tls, inflate]

/** What is sent in frames. */
export const frameTargets: readonly Target[] = [webSocket]

/** What people write, and what they are shown. */
export const textTargets: readonly Target[] = [escapes, language, quantities, urls, addresses]

export const targets: readonly Target[] = [...wireTargets, ...frameTargets, ...textTargets]
