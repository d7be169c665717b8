# Nobody is listed twice. Some are sent the same more than once all the same: two rounds, one right after the other; a
# signal that is repeated on purpose, to all; and words that happen to be equal.
defmodule Bell do
  use GenServer
  def start, do: GenServer.start(__MODULE__, [], name: __MODULE__)
  def sign_up(who), do: GenServer.cast(__MODULE__, {:sign_up, who})
  def ring(hour), do: GenServer.cast(__MODULE__, {:ring, hour})
  @impl true
  def init(list), do: {:ok, list}
  @impl true
  def handle_cast({:sign_up, who}, list), do: {:noreply, Enum.uniq([who | list])}
  def handle_cast({:ring, hour}, list) do
    Enum.each(list, &Shift.hear(&1, hour))
    {:noreply, list}
  end
end
defmodule Shift do
  use GenServer
  def start(name), do: GenServer.start(__MODULE__, :ok, name: name)
  def hear(who, hour), do: GenServer.cast(who, {:bell, hour})
  def evening(who), do: GenServer.cast(who, :evening)
  @impl true
  def init(:ok) do
    Bell.sign_up(self())
    {:ok, 0}
  end
  @impl true
  def handle_cast({:bell, _hour}, heard), do: {:noreply, heard + 1}
  def handle_cast(:evening, heard) do
    Bell.sign_up(self())
    {:noreply, heard}
  end
end
defmodule Main do
  def run do
    {:ok, _} = Bell.start()
    for shift <- [:day, :night, :early], do: {:ok, _} = Shift.start(shift)
    Bell.ring(1)
    Shift.evening(:night)
    Process.sleep(5)
    for hour <- 2..6, do: (Bell.ring(hour); Process.sleep(3))
    # Twice the same to all.
    for _ <- 1..5, do: (Bell.ring(7); Bell.ring(7); Process.sleep(3))
    # One is told what it asks for, twice; another gets something else.
    for n <- 1..5 do
      for word <- [:left, :left], do: Shift.hear(:day, word)
      Shift.hear(:night, n)
      Process.sleep(3)
    end
    Process.sleep(10)
  end
end
