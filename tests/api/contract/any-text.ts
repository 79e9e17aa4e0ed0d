import fc from "fast-check";

const upTo = (max: number) => fc.integer({ min: 0, max });

/**
 * Text of any code points, halves of a pair alone included. Fast-check's own `unit: "binary"` leaves those out, and takes
 * five seconds to be made.
 */
export const anyText = (maxLength: number) =>
  fc.string({
    unit: fc.oneof(upTo(0x7f), upTo(0xffff), upTo(0x10ffff)).map((code) => String.fromCodePoint(code)),
    maxLength,
  });
