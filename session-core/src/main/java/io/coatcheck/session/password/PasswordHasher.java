package io.coatcheck.session.password;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Hashes passwords with bcrypt, and verifies them.
 *
 * <pre>{@code
 * boolean known = hasher.verify(password, users.find(name).map(User::passwordHash));
 * }</pre>
 *
 * <p>A check takes the same work whatever its outcome: for the right password, a wrong one, one
 * that is too long, a user who does not exist and a malformed hash. So its time does not reveal
 * which names exist. A hash with a lower cost than {@link Builder#cost} is checked with as much
 * work as one with that cost; one with a higher cost takes longer, so do not lower a cost that was
 * raised.
 *
 * <p>bcrypt uses 72 bytes and would ignore the rest, so a password of more than 72 bytes in UTF-8
 * (or of 19 emoji) is refused, never shortened. So are U+0000, which bcrypt uses as a separator,
 * lone surrogates, which have no UTF-8 form, and the empty password. {@link #hash} throws for all
 * of these, and {@link #verify} returns false. {@link Builder#preHashKey} lifts the first two
 * limits. Otherwise a password is used exactly as it is: neither trimmed nor normalized.
 *
 * <p>Thread-safe. Blocks: for the work, a quarter of a second of one processor at cost 12, and
 * before that until its turn, as described at {@link Builder#maxConcurrent}. Passwords are not
 * retained, and the arrays that they are copied to are cleared. No message contains a password,
 * hash or key. Pass a {@code char[]} as {@link CharBuffer#wrap(char[])}.
 *
 * @see <a href="https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html">
 *     OWASP Password Storage Cheat Sheet</a>
 * @since 0.1.0
 */
public final class PasswordHasher {

  /** Far longer than any passphrase, and far too short to take noticeable time to hash. */
  private static final int MAX_PRE_HASHED_BYTES = 4_096;

  private static final String MAC = "HmacSHA384";

  /** Used in place of text that cannot be a password. */
  private static final byte[] NO_PASSWORD = {'-'};

  private final int cost;
  private final @Nullable SecretKeySpec key;
  private final HashingGate gate;
  private final Bcrypt bcrypt;

  private PasswordHasher(Builder builder) {
    this.cost = builder.cost;
    this.key = builder.key;
    this.gate = new HashingGate(builder.maxConcurrent, builder.maxWait);
    this.bcrypt = builder.bcrypt;
  }

  /** Returns a builder with the defaults that its methods document. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Hashes a new password, with a new random salt.
   *
   * @param password neither changed nor retained
   * @return 60 ASCII characters, or 73 with {@link Builder#preHashKey}, to be stored unchanged
   * @throws IllegalArgumentException if the password is empty or malformed UTF-16; or, without
   *     {@code preHashKey}, has more than 72 bytes in UTF-8 or contains U+0000; or, with it, has
   *     more than 4,096 bytes
   * @throws PasswordHasherBusyException if its turn did not come in time
   */
  public String hash(CharSequence password) {
    boolean keyed = key != null;
    byte[] secret = secretOf(password, keyed);
    if (secret == null) {
      throw new IllegalArgumentException(
          keyed
              ? "password must have 1 to " + MAX_PRE_HASHED_BYTES + " bytes of well-formed UTF-8"
              : "password must have 1 to "
                  + Bcrypt.MAX_BYTES
                  + " bytes of well-formed UTF-8 and no U+0000 (or set preHashKey)");
    }
    try {
      return StoredHash.format(gate.run(() -> bcrypt.hash(cost, secret)), keyed);
    } finally {
      Arrays.fill(secret, (byte) 0);
    }
  }

  /**
   * Returns whether this is the password that was hashed.
   *
   * @param password neither changed nor retained
   * @param storedHash the result of {@link #hash}, or any bcrypt hash of version 2a, 2b or 2y; null
   *     if there is no such user
   * @return whether it is; false as well if there is no such user; if {@code hash} refuses the
   *     password; if the hash is malformed or has a cost below 4 or above 15 (it would take minutes
   *     or hours); or if it was made with a {@code preHashKey} and none, or another one, is
   *     configured
   * @throws PasswordHasherBusyException if its turn did not come in time
   */
  public boolean verify(CharSequence password, @Nullable String storedHash) {
    StoredHash stored = StoredHash.parse(storedHash);
    if (stored != null && stored.keyed() && key == null) {
      stored = null;
    }
    boolean keyed = stored == null ? key != null : stored.keyed();
    byte[] secret = secretOf(password, keyed);
    boolean possible = stored != null && secret != null;
    String hash = stored == null ? StoredHash.ofUnknownUser(cost) : stored.bcrypt();
    int hashCost = stored == null ? cost : stored.cost();
    byte[] checked = secret == null ? NO_PASSWORD.clone() : secret;
    try {
      boolean matches =
          gate.run(
              () -> {
                boolean same = bcrypt.matches(checked, hash);
                makeUpFor(hashCost, checked);
                return same;
              });
      return matches && possible;
    } finally {
      Arrays.fill(checked, (byte) 0);
    }
  }

  /**
   * Does the same as {@link #verify(CharSequence, String)}; an empty hash means that there is no
   * such user.
   */
  public boolean verify(CharSequence password, Optional<String> storedHash) {
    return verify(password, storedHash.orElse(null));
  }

  /**
   * Returns whether {@link #hash} would now make a stronger hash than this one: its cost is below
   * the configured one, it was made without the {@code preHashKey} that is now configured, or it is
   * not a valid hash. Call it after a successful {@link #verify}, when the password is available.
   */
  public boolean needsRehash(String storedHash) {
    StoredHash stored = StoredHash.parse(storedHash);
    return stored == null || stored.cost() < cost || stored.keyed() != (key != null);
  }

  /** Returns the settings that are not secret. */
  @Override
  public String toString() {
    return "PasswordHasher[cost=" + cost + ", preHash=" + (key != null) + "]";
  }

  /**
   * Each cost is twice the work of the one below: hashes of cost 10, 10 and 11 together take as
   * much work as one of cost 12.
   */
  private void makeUpFor(int hashCost, byte[] secret) {
    for (int next = hashCost; next < cost; next++) {
      bcrypt.matches(secret, StoredHash.ofUnknownUser(next));
    }
  }

  /** Returns the input to bcrypt for a password; null if {@link #hash} refuses it. */
  private byte @Nullable [] secretOf(CharSequence password, boolean keyed) {
    byte[] utf8 = utf8Of(password, keyed ? MAX_PRE_HASHED_BYTES : Bcrypt.MAX_BYTES);
    if (utf8 == null || !keyed) {
      return utf8 == null || contains(utf8, (byte) 0) ? null : utf8;
    }
    try {
      Mac mac = Mac.getInstance(MAC);
      mac.init(key);
      return Base64.getEncoder().encode(mac.doFinal(utf8));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(MAC + " worked when this was built", impossible);
    } finally {
      Arrays.fill(utf8, (byte) 0);
    }
  }

  /**
   * Reads no further than the limit, however long the password is. Returns null if the UTF-8 form
   * is malformed or too long.
   */
  private static byte @Nullable [] utf8Of(CharSequence password, int maxBytes) {
    int length = password.length();
    if (length == 0 || length > maxBytes) {
      return null;
    }
    ByteBuffer bytes = ByteBuffer.allocate(maxBytes);
    try {
      CoderResult result =
          StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(password), bytes, true);
      return result.isUnderflow() ? Arrays.copyOf(bytes.array(), bytes.position()) : null;
    } finally {
      Arrays.fill(bytes.array(), (byte) 0);
    }
  }

  private static boolean contains(byte[] bytes, byte wanted) {
    for (byte next : bytes) {
      if (next == wanted) {
        return true;
      }
    }
    return false;
  }

  /**
   * Builds a hasher. Not thread-safe; may be used again after {@link #build()}.
   *
   * @since 0.1.0
   */
  public static final class Builder {

    private static final int MIN_COST = 10;
    private static final int MAX_COST = 15;
    private static final int MIN_KEY_BYTES = 32;
    private static final int MAX_CONCURRENT = 1_024;
    private static final Duration MAX_WAIT = Duration.ofMinutes(1);

    private int cost = 12;
    private @Nullable SecretKeySpec key;
    private int maxConcurrent = Runtime.getRuntime().availableProcessors();
    private Duration maxWait = Duration.ofSeconds(3);
    private Bcrypt bcrypt = Bcrypt.LIBRARY;

    private Builder() {}

    /**
     * Sets the work factor of a hash; each step doubles the work. Default: 12.
     *
     * @throws IllegalArgumentException if it is not 10 to 15: OWASP ASVS 5.0 approves bcrypt from
     *     10, and above 15 a login takes seconds
     */
    public Builder cost(int rounds) {
      if (rounds < MIN_COST || rounds > MAX_COST) {
        throw new IllegalArgumentException(
            "cost must be " + MIN_COST + " to " + MAX_COST + ": " + rounds);
      }
      cost = rounds;
      return this;
    }

    /**
     * Applies HMAC-SHA-384 with an application key before bcrypt. Passwords may then have up to
     * 4,096 bytes, and hashes stolen without the key cannot be attacked by guessing. Such hashes
     * begin with <code>{hmac-sha384}</code>. Those made without the key remain valid, and {@link
     * PasswordHasher#needsRehash} identifies them.
     *
     * <p>Keep the key outside the database, and do not lose it: a hash made with it cannot be
     * checked with another. Default: none.
     *
     * @param secret copied
     * @throws IllegalArgumentException if it has fewer than 32 bytes
     */
    public Builder preHashKey(byte[] secret) {
      if (secret.length < MIN_KEY_BYTES) {
        throw new IllegalArgumentException(
            "preHashKey must have at least " + MIN_KEY_BYTES + " bytes: " + secret.length);
      }
      key = new SecretKeySpec(secret, MAC);
      return this;
    }

    /**
     * Limits how many passwords are hashed or checked at a time. Eight times as many may wait, in
     * order of arrival and no longer than {@link #maxWait}; any further call fails at once with a
     * {@link PasswordHasherBusyException}, so that a flood of logins cannot hold all threads of a
     * server. Default: the number of processors.
     *
     * @throws IllegalArgumentException if it is not 1 to 1,024
     */
    public Builder maxConcurrent(int passwords) {
      if (passwords < 1 || passwords > MAX_CONCURRENT) {
        throw new IllegalArgumentException(
            "maxConcurrent must be 1 to " + MAX_CONCURRENT + ": " + passwords);
      }
      maxConcurrent = passwords;
      return this;
    }

    /**
     * Limits how long a thread waits for its turn; zero means no wait. An interrupted thread stops
     * waiting, gets a {@link PasswordHasherBusyException}, and stays interrupted. Default: 3
     * seconds.
     *
     * @throws IllegalArgumentException if it is negative or above one minute
     */
    public Builder maxWait(Duration wait) {
      if (wait.isNegative() || wait.compareTo(MAX_WAIT) > 0) {
        throw new IllegalArgumentException("maxWait must be PT0S to " + MAX_WAIT + ": " + wait);
      }
      maxWait = wait;
      return this;
    }

    /** Replaces the bcrypt function, so that a test can count its calls. */
    Builder bcrypt(Bcrypt function) {
      bcrypt = function;
      return this;
    }

    /** Builds the hasher; later calls of this builder do not change it. */
    public PasswordHasher build() {
      return new PasswordHasher(this);
    }
  }
}
