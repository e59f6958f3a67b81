// The dates that go-yaml takes for timestamps, printed as Go prints a time: RFC 3339, fraction without trailing zeros.

const pattern =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt]| +)(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})?)?$/

/** RFC 3339 text of a timestamp; undefined when the text is none. */
export function resolveTimestamp(text: string): string | undefined {
  if (text.charCodeAt(4) !== 0x2d) return undefined
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', separator, hour = '0', minute = '0', second = '0', fraction = '', zone] =
    match
  if (!isDate(Number(year), Number(month), Number(day))) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  // A zone belongs to the form with a T and to no other; a time after spaces is UTC.
  if (separator !== undefined && /t/i.test(separator) !== (zone !== undefined)) return undefined
  const offset = zone === undefined ? 'Z' : printOffset(zone)
  if (offset === undefined) return undefined
  const nanoseconds = fraction.slice(0, 9).replace(/0+$/, '')
  const clock = `${twoDigits(hour)}:${twoDigits(minute)}:${twoDigits(second)}`
  return `${year}-${twoDigits(month)}-${twoDigits(day)}T${clock}${nanoseconds && `.${nanoseconds}`}${offset}`
}

/** Go lets offsets reach 24 hours and 60 minutes, and prints their sum. */
function printOffset(zone: string): string | undefined {
  if (zone === 'Z') return zone
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(4))
  if (hours > 24 || minutes > 60) return undefined
  const total = hours * 60 + minutes
  if (total === 0) return 'Z'
  return `${zone.charAt(0)}${twoDigits(String(Math.floor(total / 60)))}:${twoDigits(String(total % 60))}`
}

function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day <= (month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31)
}

function twoDigits(text: string): string {
  return text.padStart(2, '0')
}
