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
 * Hashes passwords by bcrypt, and checks them.
 *
 * <pre>{@code
 * boolean known = hasher.verify(password, users.find(name).map(User::passwordHash));
 * }</pre>
 *
 * <p>A check takes the same work whatever its outcome: for the right password, a wrong one, one
 * that is too long, a user who does not exist and a hash that is malformed. So its time does not
 * tell which names exist. A hash of a lower cost than {@link Builder#cost} is checked with as much
 * work as one of that cost; one of a higher cost takes its own, longer time, which is why a cost
 * that was raised should not be lowered again.
 *
 * <p>bcrypt takes in 72 bytes and would ignore the rest, so a password of more than 72 bytes in
 * UTF-8 (or of 19 emoji) is refused and never shortened. So are U+0000, by which bcrypt separates,
 * lone surrogates, which have no UTF-8, and the empty password. All of that is refused by {@link
 * #hash} with an exception, and is plainly false in {@link #verify}. {@link Builder#preHashKey}
 * lifts the first two limits. Otherwise a password is taken exactly as it is given: neither trimmed
 * nor normalized.
 *
 * <p>Thread-safe. Blocks: for the work, a quarter of a second of one processor at cost 12, and
 * before that for its turn, as described at {@link Builder#maxConcurrent}. Passwords are not
 * retained, and the arrays that they are copied to are cleared. No password, hash or key is in any
 * message. A {@code char[]} is taken as {@link CharBuffer#wrap(char[])}.
 *
 * @see <a href="https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html">
 *     OWASP Password Storage Cheat Sheet</a>
 * @since 0.1.0
 */
public final class PasswordHasher {

  /** Far above any passphrase, and far below what would take time to hash. */
  private static final int MAX_PRE_HASHED_BYTES = 4_096;

  private static final String MAC = "HmacSHA384";

  /** Stands for a password that cannot be one. */
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

  /** Returns a builder with the defaults that its methods name. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Hashes a new password, with a new random salt.
   *
   * @param password neither changed nor retained
   * @return 60 ASCII characters, or 73 with {@link Builder#preHashKey}, to be kept as they are
   * @throws IllegalArgumentException if the password is empty or malformed UTF-16; or, without
   *     {@code preHashKey}, has more than 72 bytes in UTF-8 or contains U+0000; or, with it, has
   *     more than 4,096 bytes
   * @throws PasswordHasherBusyException if its turn did not come
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
   * Tells whether this is the password that was hashed.
   *
   * @param password neither changed nor retained
   * @param storedHash what {@link #hash} gave, or any bcrypt hash of version 2a, 2b or 2y; null if
   *     there is no such user
   * @return false also if there is no such user; if the password is one that {@code hash} refuses;
   *     if the hash is malformed, is of a cost below 4 or above 15 (it would take minutes or
   *     hours), or was made with a {@code preHashKey} and there is none, or another
   * @throws PasswordHasherBusyException if its turn did not come
   */
  public boolean verify(CharSequence password, @Nullable String storedHash) {
    StoredHash stored = StoredHash.parse(storedHash);
    if (stored != null && stored.keyed() && key == null) {
      stored = null;
    }
    boolean keyed = stored == null ? key != null : stored.keyed();
    byte[] secret = secretOf(password, keyed);
    boolean possible = stored != null && secret != null;
    String hash = stored == null ? StoredHash.ofNobody(cost) : stored.bcrypt();
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
   * Does the same as {@link #verify(CharSequence, String)}, where an empty hash means that there is
   * no such user.
   */
  public boolean verify(CharSequence password, Optional<String> storedHash) {
    return verify(password, storedHash.orElse(null));
  }

  /**
   * Tells whether {@link #hash} would now make a stronger hash than this one: its cost is below the
   * configured one, it was made without the {@code preHashKey} that there is now, or it is none at
   * all. To be asked after a successful {@link #verify}, when the password is at hand.
   */
  public boolean needsRehash(String storedHash) {
    StoredHash stored = StoredHash.parse(storedHash);
    return stored == null || stored.cost() < cost || stored.keyed() != (key != null);
  }

  /** Shows the settings that are no secret. */
  @Override
  public String toString() {
    return "PasswordHasher[cost=" + cost + ", preHash=" + (key != null) + "]";
  }

  /**
   * Each cost is twice the work of the one below: a hash of cost 10 and then one each of 10 and 11
   * are together as much as one of 12.
   */
  private void makeUpFor(int hashCost, byte[] secret) {
    for (int next = hashCost; next < cost; next++) {
      bcrypt.matches(secret, StoredHash.ofNobody(next));
    }
  }

  /** Returns what bcrypt is given for a password, or null if {@link #hash} refuses it. */
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
   * Looks no further than the limit, however long the password is. Null if it has no such UTF-8.
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
   * Sets a hasher up. Not thread-safe; may be used again after {@link #build()}.
   *
   * @since 0.1.0
   */
  public static final class Builder {

    private static final int MIN_COST = 10;
    private static final int MAX_COST = 15;
    private static final int MIN_KEY_BYTES = 32;
    private static final int MOST_CONCURRENT = 1_024;
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    private int cost = 12;
    private @Nullable SecretKeySpec key;
    private int maxConcurrent = Runtime.getRuntime().availableProcessors();
    private Duration maxWait = Duration.ofSeconds(3);
    private Bcrypt bcrypt = Bcrypt.LIBRARY;

    private Builder() {}

    /**
     * Sets the work of one hash, which each step doubles. Default: 12.
     *
     * @throws IllegalArgumentException if it is not 10 to 15: OWASP ASVS 5.0 approves of bcrypt
     *     from 10, and above 15 a login takes seconds
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
     * Puts HMAC-SHA-384 with a key of the application before bcrypt, so that passwords may have up
     * to 4,096 bytes, and so that hashes that are stolen without the key cannot be guessed at.
     * Hashes made so begin with <code>{hmac-sha384}</code>. Those made without remain valid, and
     * {@link PasswordHasher#needsRehash} names them.
     *
     * <p>Keep the key away from the database, and keep it: no hash made with it can be checked with
     * another. Default: none.
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
     * Limits how many passwords are hashed or checked at a time. Eight times as many may wait for
     * that, in order of arrival and no longer than {@link #maxWait}; whoever comes then is turned
     * away at once with a {@link PasswordHasherBusyException}, so that a flood of logins cannot
     * hold all threads of a server. Default: the number of processors.
     *
     * @throws IllegalArgumentException if it is not 1 to 1,024
     */
    public Builder maxConcurrent(int passwords) {
      if (passwords < 1 || passwords > MOST_CONCURRENT) {
        throw new IllegalArgumentException(
            "maxConcurrent must be 1 to " + MOST_CONCURRENT + ": " + passwords);
      }
      maxConcurrent = passwords;
      return this;
    }

    /**
     * Limits how long a thread waits for its turn; zero does not wait at all. A thread that is
     * interrupted waits no longer, gets a {@link PasswordHasherBusyException}, and stays
     * interrupted. Default: 3 seconds.
     *
     * @throws IllegalArgumentException if it is negative or above one minute
     */
    public Builder maxWait(Duration wait) {
      if (wait.isNegative() || wait.compareTo(LONGEST_WAIT) > 0) {
        throw new IllegalArgumentException("maxWait must be PT0S to " + LONGEST_WAIT + ": " + wait);
      }
      maxWait = wait;
      return this;
    }

    /** Replaces the function, so that a test can count its calls. */
    Builder bcrypt(Bcrypt function) {
      bcrypt = function;
      return this;
    }

    /** Builds a hasher that later calls of this builder do not change. */
    public PasswordHasher build() {
      return new PasswordHasher(this);
    }
  }
}
