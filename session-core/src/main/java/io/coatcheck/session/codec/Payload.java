package io.coatcheck.session.codec;

import java.io.ByteArrayInputStream;

/** The bytes of an encoding after its header, with access to those already read. */
final class Payload extends ByteArrayInputStream {

  Payload(byte[] encoding) {
    super(encoding, CompactForms.HEADER, encoding.length - CompactForms.HEADER);
  }

  /**
   * Returns the byte that was read {@code ago} bytes ago, 1 for the last one; 0 if there is none.
   */
  synchronized int read(int ago) {
    return pos - ago < CompactForms.HEADER ? 0 : buf[pos - ago];
  }

  /** Returns how many bytes have been read. */
  synchronized int consumed() {
    return pos - CompactForms.HEADER;
  }
}
