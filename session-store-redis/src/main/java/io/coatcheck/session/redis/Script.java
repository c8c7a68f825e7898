package io.coatcheck.session.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.ScriptOutputType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;

/**
 * The scripts, each a file that says what it does. The server runs a script as one step. It gets
 * the text once, and the digest from then on.
 */
enum Script {
  INSERT(ScriptOutputType.INTEGER),
  UPDATE(ScriptOutputType.INTEGER),
  TOUCH(ScriptOutputType.INTEGER),
  DELETE(ScriptOutputType.VALUE),
  EXPIRE(ScriptOutputType.MULTI),
  LIST(ScriptOutputType.MULTI),
  REVOKE(ScriptOutputType.MULTI),
  ADMIT(ScriptOutputType.MULTI);

  final ScriptOutputType output;
  final String text;
  final String digest;

  Script(ScriptOutputType output) {
    this.output = output;
    text = file("record.lua") + file(name().toLowerCase(Locale.ROOT) + ".lua");
    digest = sha1(text);
  }

  private static String file(String name) {
    try (InputStream file = Script.class.getResourceAsStream(name)) {
      if (file == null) {
        throw new IllegalStateException("the script " + name + " is missing from the jar");
      }
      return new String(file.readAllBytes(), UTF_8);
    } catch (IOException unreadable) {
      throw new UncheckedIOException("the script " + name + " cannot be read", unreadable);
    }
  }

  /** Returns the digest by which Redis knows a script. It has no security function. */
  private static String sha1(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-1").digest(text.getBytes(UTF_8));
      return String.format(Locale.ROOT, "%040x", new BigInteger(1, digest));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java has SHA-1", impossible);
    }
  }
}
