package io.coatcheck.session.codec;

import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputFilter.FilterInfo;
import java.io.ObjectInputFilter.Status;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.ObjectStreamConstants;
import java.net.URL;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes one object, and immediately refuses a class that {@link CheckedInput} would refuse. Both
 * check each class that the stream describes, including superclasses, elements of arrays and the
 * results of {@code writeReplace}.
 */
final class CheckedOutput extends ObjectOutputStream {

  private final BoundedBytes out;
  private final AllowList allowed;
  private final Class<?> root;
  private final Set<Class<?>> described = new LinkedHashSet<>();
  private final @Nullable ObjectInputFilter jvmWide = ObjectInputFilter.Config.getSerialFilter();
  private @Nullable AttributeCodecException refusal;
  private @Nullable AttributeCodecException noted;
  private boolean resolving;
  private boolean refusesClassValue;

  CheckedOutput(BoundedBytes out, AllowList allowed, Class<?> root) throws IOException {
    super(out);
    this.out = out;
    this.allowed = allowed;
    this.root = root;
    enableReplaceObject(true);
  }

  @Override
  protected Object replaceObject(Object value) throws IOException {
    return value instanceof URL url ? UrlText.of(url) : value;
  }

  /**
   * Returns the first refusal, which code of a class in the graph may have swallowed.
   *
   * @param failure the exception that ended writing, if any
   */
  @Nullable AttributeCodecException refusal(@Nullable Throwable failure) {
    return refusal == null && failure == null ? noted : refusal;
  }

  /** Returns whether reading may replace an object by one that this stream does not show. */
  boolean wroteResolvingClass() {
    return resolving;
  }

  @Override
  protected void writeStreamHeader() {}

  /** The bytes written so far show what is being described. */
  @Override
  protected void writeClassDescriptor(ObjectStreamClass description) throws IOException {
    drain();
    int before = out.at(out.size() - 2);
    Class<?> type = description.forClass();
    if (ClassValues.isDescriptionAlone(before)) {
      refuse(ClassValues.DESCRIPTION_REFUSAL, type, null);
    } else if (before == ObjectStreamConstants.TC_CLASS && allowed.allows(type)) {
      refuseAsValue(type);
    }
    described.add(type);
    super.writeClassDescriptor(description);
  }

  private void refuseAsValue(Class<?> type) {
    if (!allowed.mayBeValue(type)) {
      refusesClassValue = true;
      refuse(ClassValues.REFUSAL + ": " + ClassNames.printable(type.getName()), type, null);
    }
  }

  /** Returns whether a class was refused because it was itself a value. */
  boolean refusesClassValue() {
    return refusesClassValue;
  }

  /**
   * Refuses classes that are values and were described before. To find them, each class is written
   * once more: the stream writes a reference if the class already is a value in it. The bytes
   * written for that are not to be stored.
   */
  void refuseClassValues() throws IOException {
    out.unbound();
    for (Class<?> type : List.copyOf(described)) {
      int start = out.size();
      writeObject(type);
      flush();
      if (out.at(start) == ObjectStreamConstants.TC_REFERENCE) {
        refuseAsValue(type);
      }
    }
  }

  @Override
  protected void annotateClass(Class<?> type) {
    if (!allowed.allows(type)) {
      refuse(AllowList.refusalOf(type), type, AllowList.refusedClass(type));
    } else if (type.isHidden()) {
      refuse(
          ClassNames.printable(type.getName()) + " is hidden and has no name to be found by",
          type,
          null);
    } else if (jvmWide != null && jvmWide.checkInput(new Described(type)) == Status.REJECTED) {
      refuse(
          type.getName() + " is refused by the filter of this JVM, jdk.serialFilter", type, null);
    }
    if (type.getClassLoader() != null) {
      resolving |= ClassShape.resolves(type);
      String obstacle = ClassShape.obstacle(type);
      if (!obstacle.isEmpty()) {
        refuse(obstacle, type, null);
      }
    }
  }

  @Override
  protected void annotateProxyClass(Class<?> type) {
    refuse("a dynamic proxy cannot be stored: use a named class", type, null);
  }

  /**
   * Throws, unless the class is an exception by which the stream itself may be reporting a failure,
   * which throwing would hide. If there is no such failure, the refusal still counts.
   *
   * @param allowable the class whose absence from the allow-list is the reason; null for others
   */
  private void refuse(String why, Class<?> type, @Nullable String allowable) {
    AttributeCodecException refused = SerializedForm.unstorable(root, why, null, allowable);
    if (IOException.class.isAssignableFrom(type)) {
      noted = noted == null ? refused : noted;
      return;
    }
    refusal = refusal == null ? refused : refusal;
    throw refused;
  }

  /** A single class, in the form that a filter checks. */
  private record Described(Class<?> serialClass) implements FilterInfo {

    @Override
    public long arrayLength() {
      return -1;
    }

    @Override
    public long depth() {
      return 1;
    }

    @Override
    public long references() {
      return 1;
    }

    @Override
    public long streamBytes() {
      return 0;
    }
  }
}
