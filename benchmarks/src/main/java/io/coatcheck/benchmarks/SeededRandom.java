package io.coatcheck.benchmarks;

import java.security.SecureRandom;
import java.util.SplittableRandom;

/** Makes the same tokens in each process, so that one can present what another has stored. */
final class SeededRandom extends SecureRandom {

  private static final long serialVersionUID = 1;

  private final transient SplittableRandom random = new SplittableRandom(7);

  @Override
  public void nextBytes(byte[] bytes) {
    random.nextBytes(bytes);
  }
}
