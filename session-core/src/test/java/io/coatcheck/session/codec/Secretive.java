package io.coatcheck.session.codec;

/** Has a no-argument constructor, but not for everybody. */
public class Secretive {

  final int size;

  Secretive() {
    this(0);
  }

  public Secretive(int size) {
    this.size = size;
  }
}
