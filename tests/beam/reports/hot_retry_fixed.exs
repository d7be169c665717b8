# As hot_retry.exs, but with a pause; and loops that are quick because they have work to do, though something in them is
# told an error every time.
defmodule Press do
  def print(page) do
    if :persistent_term.get(:paper), do: {:printed, page}, else: {:error, "no paper for #{page}"}
  end
end
defmodule Clerk do
  def copy(page, tries) do
    case attempt(page) do
      {:printed, _} = done -> {done, tries}
      {:error, _} ->
        Process.sleep(2)
        copy(page, tries + 1)
    end
  end
  def attempt(page), do: Press.print(page)
end
defmodule Options do
  def fetch(name), do: Map.fetch(%{size: 4}, name)
end
defmodule Sorter do
  def run(items, done \\ [])
  def run([], done), do: done
  def run([item | rest], done) do
    case Options.fetch(:order) do
      {:ok, _} -> run(rest, done)
      :error -> run(rest, [weigh(item) | done])
    end
  end
  def weigh(item), do: item * 3
end
defmodule Lift do
  use GenServer
  def start, do: GenServer.start(__MODULE__, :ok, name: __MODULE__)
  @impl true
  def init(:ok), do: {:ok, %{floor: 0}, {:continue, :up}}
  @impl true
  def handle_continue(:up, %{floor: 150} = s), do: {:noreply, s}
  def handle_continue(:up, s) do
    :error = Options.fetch(:limit)
    {:noreply, %{s | floor: step(s.floor)}, {:continue, :up}}
  end
  def step(floor), do: floor + 1
end
defmodule Main do
  def run do
    :persistent_term.put(:paper, false)
    {pid, ref} = spawn_monitor(fn -> Clerk.copy("page 7", 0) end)
    Process.sleep(150)
    :persistent_term.put(:paper, true)
    receive do: ({:DOWN, ^ref, :process, ^pid, _} -> :ok)
    Sorter.run(Enum.to_list(1..150))
    {:ok, _} = Lift.start()
    Process.sleep(20)
  end
end
