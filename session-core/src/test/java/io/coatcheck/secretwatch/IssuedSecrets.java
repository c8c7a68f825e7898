package io.coatcheck.secretwatch;

import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The secrets that were drawn, by the first 64 bits of each, and the search for them in texts: in
 * base64 of either alphabet, and in hexadecimal digits. A part of a secret is found too, if it
 * begins where the secret does and is 11 characters long. Thread-safe.
 */
final class IssuedSecrets {

  private static final int[] SEXTETS = new int[128];

  static {
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    java.util.Arrays.fill(SEXTETS, -1);
    for (int i = 0; i < alphabet.length(); i++) {
      SEXTETS[alphabet.charAt(i)] = i;
    }
    SEXTETS['+'] = SEXTETS['-'];
    SEXTETS['/'] = SEXTETS['_'];
  }

  private final Set<Long> beginnings = ConcurrentHashMap.newKeySet();

  void add(byte[] secret) {
    beginnings.add(ByteBuffer.wrap(secret).getLong());
  }

  int count() {
    return beginnings.size();
  }

  boolean isAnyIn(String text) {
    return isAnyInBase64(text) || isAnyInHexadecimal(text);
  }

  private boolean isAnyInBase64(String text) {
    long tenBefore = 0;
    int run = 0;
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      int sextet = character < SEXTETS.length ? SEXTETS[character] : -1;
      if (sextet < 0) {
        run = 0;
      } else {
        run++;
        // Ten characters and four bits of the eleventh are 64 bits.
        if (run > 10 && beginnings.contains(tenBefore << 4 | sextet >> 2)) {
          return true;
        }
        tenBefore = (tenBefore << 6 | sextet) & (1L << 60) - 1;
      }
    }
    return false;
  }

  private boolean isAnyInHexadecimal(String text) {
    long digits = 0;
    int run = 0;
    for (int i = 0; i < text.length(); i++) {
      int digit = Character.digit(text.charAt(i), 16);
      run = digit < 0 ? 0 : run + 1;
      digits = digits << 4 | digit;
      if (run >= 16 && beginnings.contains(digits)) {
        return true;
      }
    }
    return false;
  }
}
