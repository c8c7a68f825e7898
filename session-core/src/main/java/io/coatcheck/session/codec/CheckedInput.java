package io.coatcheck.session.codec;

import static java.io.ObjectStreamConstants.TC_CLASS;
import static java.io.ObjectStreamConstants.TC_REFERENCE;

import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputFilter.FilterInfo;
import java.io.ObjectInputFilter.Status;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.net.URL;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads one object from bytes that may be hostile.
 *
 * <p>Classes are checked twice: by name, before they are loaded, and by the JDK's filter, which
 * also sees what {@code readResolve} returns and which superclasses a class has here. A JVM-wide
 * filter ({@code jdk.serialFilter}) applies too.
 *
 * <p>An allowed class that no longer exists is reported as the JDK expects: if it was the class of
 * a removed field, or a removed superclass, reading goes on without it.
 */
final class CheckedInput extends ObjectInputStream {

  /** The purpose of reading the bytes. */
  enum Purpose {
    /** To get the value; the bytes may be hostile. */
    DECODING,
    /** To check that what was just encoded here can be decoded. */
    CHECKING,
    /** The same check by the filter only: nothing is instantiated. */
    WALKING
  }

  private final Payload in;
  private final AllowList allowed;
  private final DecodingLimits limits;
  private final int size;

  private final Purpose purpose;

  private long claimedElements;

  /** Whether the class being described is itself a value. */
  private boolean describesClassValue;

  private boolean mayHoldClass;
  private @Nullable AttributeCodecException refusal;

  /** What was found last. A superclass is found before its subclass is compared with the stream. */
  private @Nullable Found found;

  CheckedInput(Payload in, AllowList allowed, DecodingLimits limits, Purpose purpose)
      throws IOException {
    super(in);
    this.in = in;
    this.allowed = allowed;
    this.limits = limits;
    this.size = in.available();
    this.purpose = purpose;
    ObjectInputFilter jvmWide = ObjectInputFilter.Config.getSerialFilter();
    setObjectInputFilter(
        jvmWide == null ? this::check : ObjectInputFilter.merge(this::check, jvmWide));
  }

  /** Returns the first refusal, which code of a class in the stream may have swallowed. */
  @Nullable AttributeCodecException refusal() {
    return refusal;
  }

  /** The four bytes that begin every stream are not stored. */
  @Override
  protected void readStreamHeader() {}

  /**
   * Returns whether the bytes may contain, as a value, a class that was described before. Bytes of
   * a number may look the same.
   */
  boolean mayHoldClass() {
    return mayHoldClass;
  }

  /**
   * Returns the {@code serialVersionUID} that a class of the stream would have to declare for its
   * objects to be read; null if it declares one, or if they cannot be read for another reason.
   */
  @Nullable Long missingVersion(String className) {
    for (Found next = found; next != null; next = next.before()) {
      if (next.type().getName().equals(className)) {
        return missingVersion(next.type(), next.description().getSerialVersionUID());
      }
    }
    return null;
  }

  private static @Nullable Long missingVersion(Class<?> type, long stored) {
    ObjectStreamClass here = ObjectStreamClass.lookup(type);
    return here == null || here.getSerialVersionUID() == stored || ClassShape.hasVersion(type)
        ? null
        : stored;
  }

  /** The kind of the first object is known once it has been read. */
  @Override
  protected ObjectStreamClass readClassDescriptor() throws IOException, ClassNotFoundException {
    describesClassValue = in.read(2) == TC_CLASS && in.consumed() > 2;
    if (ClassValues.isDescriptionAlone(in.read(2)) && in.consumed() > 1) {
      throw refuse(ClassValues.DESCRIPTION_REFUSAL);
    }
    return super.readClassDescriptor();
  }

  @Override
  protected Class<?> resolveClass(ObjectStreamClass description) throws ClassNotFoundException {
    boolean isValue = describesClassValue;
    Class<?> type = find(description);
    found = new Found(type, description, found);
    if (isValue && !allowed.mayBeValue(type)) {
      throw refuse(ClassValues.REFUSAL);
    }
    return type;
  }

  private Class<?> find(ObjectStreamClass description) throws ClassNotFoundException {
    String name = description.getName();
    if (!allowed.allows(name)) {
      throw refuseClass(name);
    }
    boolean primitiveArray = "".equals(ClassNames.element(name));
    if (purpose == Purpose.WALKING && !primitiveArray) {
      throw new NotLoaded(name);
    }
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    if (context != null) {
      try {
        return Class.forName(name, false, context);
      } catch (ClassNotFoundException absent) {
        // The thread may belong to another application or to none.
      }
    }
    return Class.forName(name, false, CheckedInput.class.getClassLoader());
  }

  @Override
  protected Class<?> resolveProxyClass(String[] interfaces) {
    throw refuse("a dynamic proxy is never decoded");
  }

  private Status check(FilterInfo info) {
    if (info.depth() > limits.depth()) {
      refuse("nested deeper than maxDepth " + limits.depth());
      return Status.REJECTED;
    }
    if (info.references() > limits.references()) {
      refuse("more references than maxReferences " + limits.references());
      return Status.REJECTED;
    }
    Class<?> type = info.serialClass();
    mayHoldClass |= type == null && in.read(5) == TC_REFERENCE && in.read(6) == TC_CLASS;
    if (info.arrayLength() >= 0 && !mayAllocate(type, info.arrayLength())) {
      return Status.REJECTED;
    }
    if (type == null) {
      return Status.UNDECIDED;
    }
    // Only the result of UrlText: a class named in the stream has already been refused.
    if (!allowed.allows(type) && type != URL.class) {
      refuseClass(type.getName());
      return Status.REJECTED;
    }
    return Status.ALLOWED;
  }

  /**
   * Each element of an array takes at least one byte of the stream, so all declared arrays together
   * have no more elements than there are bytes; or twice that, since the filter may see an array
   * again when it is resolved, and since a hash table may have eight places for an entry, of which
   * no two take fewer than four bytes each. So fifty bytes cannot allocate a gigabyte, nor can a
   * hundred nested arrays.
   */
  private boolean mayAllocate(@Nullable Class<?> type, long length) {
    boolean table = type == Map.Entry[].class;
    if (!table && length > limits.arrayLength()) {
      refuse("an array of " + length + ", longer than maxArrayLength " + limits.arrayLength());
      return false;
    }
    claimedElements += length;
    if (claimedElements > 2L * size) {
      refuse("arrays of " + claimedElements + " elements claimed by " + size + " bytes");
      return false;
    }
    return true;
  }

  /**
   * Names the line to add only for a value being encoded: stored bytes must not suggest what to
   * allow.
   */
  private AttributeCodecException refuseClass(String name) {
    String element = ClassNames.element(name);
    if (purpose == Purpose.DECODING || element == null || JdkTypes.isNeverAllowed(element)) {
      return refuse(ClassNames.printable(name) + " is not on the allow-list", null);
    }
    return refuse(AllowList.notAllowed(element), element);
  }

  private AttributeCodecException refuse(String why) {
    return refuse(why, null);
  }

  private AttributeCodecException refuse(String why, @Nullable String allowable) {
    AttributeCodecException refused =
        new AttributeCodecException("an encoded attribute is refused: " + why, null, allowable);
    if (refusal == null) {
      refusal = refused;
    }
    return refused;
  }

  /** A class, its description in the stream, and what was found before. */
  private record Found(Class<?> type, ObjectStreamClass description, @Nullable Found before) {}

  /**
   * Says that a class is not loaded while the bytes are walked. There is one for each class of an
   * encoding, and a trace of the whole stack of a request costs more than the rest of the encoding.
   */
  private static final class NotLoaded extends ClassNotFoundException {

    private static final long serialVersionUID = 1L;

    NotLoaded(String name) {
      super(name);
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
      return this;
    }
  }
}
