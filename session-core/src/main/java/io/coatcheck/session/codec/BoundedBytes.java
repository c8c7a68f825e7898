package io.coatcheck.session.codec;

import java.io.ByteArrayOutputStream;

/** Collects bytes up to a limit, so that an endless graph does not fill the memory. */
final class BoundedBytes extends ByteArrayOutputStream {

  private int limit;
  private boolean overfull;

  BoundedBytes(int limit) {
    super(256);
    this.limit = limit;
  }

  boolean isOverfull() {
    return overfull;
  }

  /** Lifts the limit for what is written from now on, which is not to be stored. */
  void unbound() {
    limit = Integer.MAX_VALUE;
  }

  /** Returns the byte at an index; 0 if there is none. */
  synchronized int at(int index) {
    return index >= 0 && index < count ? buf[index] : 0;
  }

  @Override
  public synchronized void write(int next) {
    require(1);
    super.write(next);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) {
    require(length);
    super.write(bytes, offset, length);
  }

  private void require(int more) {
    if (more > limit - count) {
      overfull = true;
      throw new IllegalStateException("more than " + limit + " bytes");
    }
  }
}
