// RFC 3339 timestamps as Go reads and prints them: those of the metadata leniently and without fraction, those of values
// strictly and to the nanosecond.

const strict = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/
const pattern = /^(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:\d\d)$/

/** The time without its fraction; undefined when the text is no such time. */
export function toSeconds(text: string): string | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', zone = ''] = match
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  if (zone !== 'Z' && (Number(zone.slice(1, 3)) > 24 || Number(zone.slice(4)) > 60)) return undefined
  if (Number(day) < 1 || Number(day) > daysInMonth(Number(year), Number(month))) return undefined
  const offset = /^[+-]00:00$/.test(zone) ? 'Z' : zone
  return `${year}-${month}-${day}T${hour.padStart(2, '0')}:${minute}:${second}${offset}`
}

/** The time of a value as time.RFC3339Nano prints it: at most nine digits of fraction, no zeros at its end. */
export function toNanoseconds(text: string): string | undefined {
  const match = strict.exec(text)
  const whole = match === null ? undefined : toSeconds(text)
  if (whole === undefined) return undefined
  const fraction = (match?.[1] ?? '').slice(0, 10).replace(/\.?0*$/, '')
  return whole.slice(0, 19) + fraction + whole.slice(19)
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return [31, 0, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0
}

/** The present, in UTC. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z')
}
