package io.coatcheck.session.codec.hostile;

import java.io.Externalizable;
import java.io.ObjectInput;
import java.io.ObjectInputStream;
import java.io.ObjectOutput;
import java.io.Serializable;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Classes that tell when any of their code runs. They are initialized by the test on purpose, to
 * write them; {@link Untouched} is never, so that its initializer would tell of being loaded.
 */
@SuppressWarnings("serial")
public final class Gadget {

  /** What has run, in another class, so that looking initializes nothing. */
  public static final class Trace {
    public static final List<String> RAN = new CopyOnWriteArrayList<>();

    private Trace() {}
  }

  private Gadget() {}

  public static class Reading implements Serializable {
    private static final long serialVersionUID = 1L;

    private void readObject(ObjectInputStream in) {
      Trace.RAN.add("readObject " + in);
    }
  }

  public static class Resolving implements Serializable {
    private static final long serialVersionUID = 1L;

    private Object readResolve() {
      Trace.RAN.add("readResolve");
      return this;
    }
  }

  public static class External implements Externalizable {
    private static final long serialVersionUID = 1L;

    public External() {
      Trace.RAN.add("constructor");
    }

    @Override
    public void writeExternal(ObjectOutput out) {}

    @Override
    public void readExternal(ObjectInput in) {
      Trace.RAN.add("readExternal");
    }
  }

  public static class Untouched implements Serializable {
    private static final long serialVersionUID = initialize();

    private static long initialize() {
      Trace.RAN.add("static initializer");
      return 1;
    }
  }
}
