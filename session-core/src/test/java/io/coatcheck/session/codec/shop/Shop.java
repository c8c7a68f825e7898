package io.coatcheck.session.codec.shop;

import io.coatcheck.session.codec.Secretive;
import java.io.Externalizable;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.NotSerializableException;
import java.io.ObjectInput;
import java.io.ObjectInputStream;
import java.io.ObjectOutput;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Classes of an application, good and not so good. */
@SuppressWarnings("serial")
public final class Shop {

  private Shop() {}

  public record Money(String currency, long cents) implements Serializable {}

  public enum Colour {
    RED,
    GREEN {
      @Override
      public boolean isCalm() {
        return true;
      }
    };

    public boolean isCalm() {
      return false;
    }
  }

  /** Holds what it is given. */
  public static class Box implements Serializable {
    private static final long serialVersionUID = 1L;
    public final @Nullable Object content;

    public Box(@Nullable Object content) {
      this.content = content;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Box box && Objects.equals(content, box.content);
    }

    @Override
    public int hashCode() {
      return Objects.hashCode(content);
    }
  }

  public static class LargeBox extends Box {
    private static final long serialVersionUID = 1L;

    public LargeBox(Object content) {
      super(content);
    }
  }

  public static class Basket extends ArrayList<Object> {
    private static final long serialVersionUID = 1L;

    public Basket(List<?> content) {
      super(content);
    }
  }

  /** Written without its default fields, which only this very class can read again. */
  public static class OwnFormat implements Serializable {
    private static final long serialVersionUID = 1L;
    private int number;
    private Object content;

    public OwnFormat(int number, Object content) {
      this.number = number;
      this.content = content;
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      out.writeObject(content);
      out.writeInt(number);
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      content = in.readObject();
      number = in.readInt();
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof OwnFormat that
          && number == that.number
          && content.equals(that.content);
    }

    @Override
    public int hashCode() {
      return number;
    }
  }

  /** Writes something else in its own stead. */
  public static class Replaced implements Serializable {
    private final @Nullable Object stead;

    public Replaced(@Nullable Object stead) {
      this.stead = stead;
    }

    private @Nullable Object writeReplace() {
      return stead;
    }
  }

  /** Becomes something else when it is read. */
  public static class Resolved implements Serializable {
    private final @Nullable String className;

    public Resolved(@Nullable String className) {
      this.className = className;
    }

    private @Nullable Object readResolve() throws ReflectiveOperationException {
      return className == null
          ? null
          : Class.forName(className).getDeclaredConstructor().newInstance();
    }
  }

  /** Hides that what it holds could not be written, or read. */
  public static class Swallowing implements Serializable {
    private transient Object content;

    public Swallowing(Object content) {
      this.content = content;
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      try {
        out.writeObject(content);
      } catch (RuntimeException | NotSerializableException hidden) {
        out.writeObject("nothing");
      }
    }

    private void readObject(ObjectInputStream in) {
      try {
        content = in.readObject();
      } catch (RuntimeException | IOException | ClassNotFoundException hidden) {
        content = "nothing";
      }
    }
  }

  /** Throws what it is given when it is read. */
  public static class Failing implements Serializable {
    private static Supplier<? extends @Nullable Throwable> failure = () -> null;
    private int unused;

    public static void failWith(Supplier<? extends @Nullable Throwable> thrown) {
      failure = thrown;
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      Throwable thrown = failure.get();
      if (thrown instanceof Error error) {
        throw error;
      }
      if (thrown instanceof RuntimeException runtime) {
        throw runtime;
      }
      throw new InvalidObjectException("number " + unused);
    }
  }

  public static class FailingToWrite implements Serializable {
    private final transient Exception failure;

    public FailingToWrite(Exception failure) {
      this.failure = failure;
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      out.writeInt(1);
      if (failure instanceof IOException failed) {
        throw failed;
      }
      throw (RuntimeException) failure;
    }
  }

  public static class Plain implements Serializable {}

  public static class NotSerializable {}

  public static class Stubborn {
    final int size;

    public Stubborn(int size) {
      this.size = size;
    }
  }

  /** Can be written, and never made again. */
  public static class ChildOfStubborn extends Stubborn implements Serializable {
    public ChildOfStubborn() {
      super(1);
    }
  }

  /** Can be written, and never made again either: the other package keeps it to itself. */
  public static class ChildOfSecretive extends Secretive implements Serializable {
    public ChildOfSecretive() {
      super(1);
    }
  }

  public static class External implements Externalizable {
    private int number;

    public External() {}

    public External(int number) {
      this.number = number;
    }

    @Override
    public void writeExternal(ObjectOutput out) throws IOException {
      out.writeInt(number);
    }

    @Override
    public void readExternal(ObjectInput in) throws IOException {
      number = in.readInt();
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof External that && number == that.number;
    }

    @Override
    public int hashCode() {
      return number;
    }
  }

  /** Can be written, and never made again. */
  public static class ExternalWithoutConstructor extends External {
    public ExternalWithoutConstructor(int number) {
      super(number);
    }
  }

  /** The filter of the JVM refuses it, whatever the codec allows. */
  public static class Vetoed implements Serializable {}

  public record Owner(String name, Money limit, Colour colour, int age) implements Serializable {}

  public record Wish(String name, Set<String> tags) implements Serializable {}

  public record Left(@Nullable Right right) {}

  public record Right(@Nullable Left left, String name) {}

  public record Wrong(@Nullable Wrong next, List<Integer> numbers) {}

  public record Loose(Number number) {}
}
