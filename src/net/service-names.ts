/** What servers can do by themselves, by name; what that is, is loaded where it is done. */
export const serviceNames = ['none', 'echo', 'discard', 'chargen', 'daytime', 'time', 'chat'] as const
export type ServiceName = (typeof serviceNames)[number]

/** A chat needs to know who is there, and datagrams do not tell. */
export const datagramServiceNames = [
  'none',
  'echo',
  'discard',
  'chargen',
  'daytime',
  'time',
] as const satisfies readonly ServiceName[]
export type DatagramServiceName = (typeof datagramServiceNames)[number]
