package io.coatcheck.session.password;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Does what bcrypt does, without the work, and notes what it was asked. */
class CountingBcrypt implements Bcrypt {

  final List<Integer> costs = Collections.synchronizedList(new ArrayList<>());
  final List<byte[]> secrets = Collections.synchronizedList(new ArrayList<>());

  @Override
  public String hash(int cost, byte[] secret) {
    note(cost, secret);
    return "$2a$" + cost + "$" + tail(secret);
  }

  @Override
  public boolean matches(byte[] secret, String hash) {
    note(Integer.parseInt(hash.substring(4, 6)), secret);
    return hash.endsWith(tail(secret));
  }

  /** Returns the work of all calls since the last time, in calls of cost 0. */
  long takeWork() {
    long work = costs.stream().mapToLong(cost -> 1L << cost).sum();
    costs.clear();
    return work;
  }

  private void note(int cost, byte[] secret) {
    if (secret.length == 0 || secret.length > MAX_BYTES) {
      throw new AssertionError("the library throws at " + secret.length + " bytes");
    }
    costs.add(cost);
    secrets.add(secret);
  }

  private static String tail(byte[] secret) {
    int number = new String(secret, StandardCharsets.ISO_8859_1).hashCode();
    return String.format("%053d", number & 0xffffffffL);
  }
}
